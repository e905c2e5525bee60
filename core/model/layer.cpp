#include "model/layer.h"

#include "base/error.h"

#include <ATen/ATen.h>

namespace hfc::model {

at::Tensor Layer::call_hooks(at::Tensor output) const {
    const auto hooks = hooks_;  // a hook may remove itself
    for (const auto& hook : hooks) {
        auto changed = (*hook)(output);
        if (changed.defined()) {
            require(changed.sizes() == output.sizes(),
                    "a forward hook returned a tensor of shape [{}], expected [{}]",
                    fmt::join(changed.sizes(), ", "), fmt::join(output.sizes(), ", "));
            output = std::move(changed);
        }
    }
    // A copy, because the caller may write to the output, and a hook may have kept it.
    return output.clone();
}

}  // namespace hfc::model
