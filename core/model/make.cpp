#include "base/error.h"
#include "model/layers.h"
#include "model/networks.h"

namespace hfc::model {
namespace {

/// A pre-activation ResNet of n blocks a stage has 6 n + 2 layers with weights.
constexpr std::pair<const char*, int64_t> preact_resnets[] = {
    {"preact_resnet8", 1}, {"preact_resnet14", 2}, {"preact_resnet20", 3}, {"preact_resnet32", 5}};

ModelPtr build(const std::string& name, const ModelOptions& options) {
    for (const auto& [known, blocks_a_stage] : preact_resnets) {
        if (name == known) {
            return make_preact_resnet(name, blocks_a_stage, options);
        }
    }
    if (name == "resnet18") {
        return make_resnet18(options);
    }
    fail("hfc.model: unknown model '{}'{}: expected one of {}", name, did_you_mean(name, known_names()), fmt::join(known_names(), ", "));
}

}  // namespace

const std::vector<std::string>& known_names() {
    static const auto names = [] {
        std::vector<std::string> all;
        for (const auto& [name, blocks] : preact_resnets) {
            all.emplace_back(name);
        }
        all.emplace_back("resnet18");
        return all;
    }();
    return names;
}

ModelPtr make(const std::string& name, const ModelOptions& options) {
    require(options.classes >= 1 && options.classes <= 1'000'000, "hfc.model: classes must be 1 to 1000000, got {}", options.classes);
    require(options.channels == 1 || options.channels == 3, "hfc.model: channels must be 1 (grey) or 3 (RGB), got {}", options.channels);
    require(options.dropout >= 0 && options.dropout < 1, "hfc.model: dropout must be a probability in [0,1), got {}", options.dropout);
    auto model = build(name, options);
    initialise_xavier(*model, options.seed);
    model->origin = {name, options};
    return model;
}

}  // namespace hfc::model
