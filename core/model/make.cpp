#include "base/error.h"
#include "model/initialise.h"
#include "model/networks.h"

namespace hfc::model {
namespace {

struct Network {
    std::string name;
    std::string other_form;  ///< the variant besides "small", or empty
    bool takes_batch_norm;   ///< whether the option may be true
    std::function<ModelPtr(const std::string& name, const ModelOptions& options)> build;
};

Network preact_resnet(const char* name, int64_t blocks_a_stage) {
    return {name, "tensorflow", true, [=](const auto& own, const auto& options) {
                return make_preact_resnet(own, blocks_a_stage, options);
            }};
}

Network resnet(const char* name, ResNetStages stages) {
    return {name, "torchvision", true, [=](const auto& own, const auto& options) {
                return make_resnet(own, stages, options);
            }};
}

Network cifar_resnet(const char* name, int64_t blocks_a_stage) {
    return {name, "", true, [=](const auto& own, const auto& options) {
                return make_cifar_resnet(own, blocks_a_stage, options);
            }};
}

Network vgg(const char* name, std::vector<int64_t> convolutions) {
    return {name, "torchvision", true, [=](const auto& own, const auto& options) {
                return make_vgg(own, convolutions, options);
            }};
}

const std::vector<Network>& networks() {
    // A pre-activation ResNet with n blocks per stage has 6 n + 2 layers with weights.
    static const std::vector<Network> all = {preact_resnet("preact_resnet8", 1),
                                             preact_resnet("preact_resnet14", 2),
                                             preact_resnet("preact_resnet20", 3),
                                             preact_resnet("preact_resnet32", 5),
                                             cifar_resnet("resnet20", 3),
                                             cifar_resnet("resnet32", 5),
                                             cifar_resnet("resnet44", 7),
                                             cifar_resnet("resnet56", 9),
                                             resnet("resnet18", {{2, 2, 2, 2}, false}),
                                             resnet("resnet34", {{3, 4, 6, 3}, false}),
                                             resnet("resnet50", {{3, 4, 6, 3}, true}),
                                             resnet("resnet18_bare", {{2, 2, 2, 2}, false, true}),
                                             resnet("resnet50_bare", {{3, 4, 6, 3}, true, true}),
                                             vgg("vgg11", {1, 1, 2, 2, 2}),
                                             vgg("vgg16", {2, 2, 3, 3, 3}),
                                             {"alexnet", "torchvision", false, make_alexnet},
                                             {"lenet", "", false, make_lenet},
                                             {"mnist_cnn", "", true, make_mnist_cnn}};
    return all;
}

const Network& find(const std::string& name) {
    for (const auto& network : networks()) {
        if (network.name == name) {
            return network;
        }
    }
    fail("unknown model '{}'{}: expected one of {}", name, did_you_mean(name, known_names()),
         fmt::join(known_names(), ", "));
}

void check(const Network& network, const ModelOptions& options) {
    require(options.classes >= 1 && options.classes <= 1'000'000,
            "classes must be between 1 and 1000000, got {}", options.classes);
    require(options.channels == 1 || options.channels == 3,
            "channels must be 1 (grey) or 3 (RGB), got {}", options.channels);
    require(options.dropout >= 0 && options.dropout < 1,
            "dropout must be a probability in [0,1), got {}", options.dropout);
    const auto& form = options.form;
    require(form == "small" || form == "torchvision" || form == "tensorflow",
            "'form' must be 'small', 'torchvision' or 'tensorflow', got '{}'", form);
    require(form == "small" || form == network.other_form,
            "there is no {} of {}: expected form 'small'{}, got '{}'",
            form == "torchvision" ? "torchvision variant" : "TensorFlow variant", network.name,
            network.other_form.empty() ? "" : fmt::format(" or '{}'", network.other_form), form);
    require(!options.batch_norm || network.takes_batch_norm,
            "{} has no BatchNorm: expected batch_norm = false, got true", network.name);
}

}  // namespace

const std::vector<std::string>& known_names() {
    static const auto names = [] {
        std::vector<std::string> all;
        for (const auto& network : networks()) {
            all.push_back(network.name);
        }
        return all;
    }();
    return names;
}

ModelPtr make(const std::string& name, const ModelOptions& options) {
    const auto& network = find(name);
    check(network, options);
    auto model = network.build(name, options);
    initialise(*model, options.initialisation, options.seed);
    use_channels_last(*model);  // faster (on a GPU, twice as fast); the images follow it
    model->origin = {name, options};
    return model;
}

}  // namespace hfc::model
