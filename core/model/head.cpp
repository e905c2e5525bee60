#include "model/head.h"

#include "base/error.h"
#include "base/random.h"
#include "model/layers.h"
#include "model/model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <memory>
#include <utility>

namespace hfc::model {

void check_head(int64_t classes, const std::string& head, const std::string& wanted) {
    require(!head.empty(), "the network has no final linear layer that could be its head");
    require(wanted.empty() || wanted == head,
            "the head must be the last linear layer of the network, '{}'; got '{}'", head, wanted);
    require(classes >= 1 && classes <= 1'000'000, "classes must be between 1 and 1000000, got {}",
            classes);
}

at::Tensor new_head_tensor(const at::Tensor& old, int64_t classes, int64_t inputs, uint64_t seed) {
    auto sizes = old.sizes().vec();
    sizes[0] = classes;
    const auto bound = 1 / std::sqrt(static_cast<double>(inputs));
    const auto* const purpose = sizes.size() == 1 ? "head bias" : "head weight";
    const auto values = at::empty(sizes, at::kFloat)
                            .uniform_(-bound, bound, make_generator(seed, purpose))
                            .to(old.options().requires_grad(false));
    return values.requires_grad_();
}

void Model::replace_head(int64_t classes, uint64_t seed, const std::string& layer) {
    std::string name;
    std::shared_ptr<Linear> head;
    for (const auto& part : named_modules("", /*include_self=*/false)) {
        if (auto linear = std::dynamic_pointer_cast<Linear>(part.value())) {
            name = part.key();
            head = std::move(linear);
        }
    }
    check_head(classes, origin ? name : "", layer);
    const auto inputs = head->weight().size(1);
    for (const auto& parameter : head->named_parameters()) {
        head->set_parameter(parameter.key(),
                            new_head_tensor(parameter.value(), classes, inputs, seed));
    }
    origin->options.classes = classes;
    class_names.clear();
}

}  // namespace hfc::model
