// The base class of all networks, whether built-in or written in Lua.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::model {

struct ModelOptions {
    int64_t classes = 10;
    /// Channels of the input images: 1 or 3. If it is 1, the first kernel of a "small" variant is
    /// 5x5, as in the paper's experiments on grey data sets.
    int64_t channels = 3;
    /// preact_resnet*: BatchNorm before each ReLU (eps 1e-3); vgg*: as in torchvision's vgg*_bn.
    /// resnet* always have BatchNorm, except the bare ones.
    bool batch_norm = false;
    /// The dropout probability, in [0,1). Dropout comes before the last linear layer; in the
    /// "torchvision" variants of alexnet and vgg, it is in the same two places as in torchvision.
    double dropout = 0;
    /// Seeds the initialisation; a weight depends only on the seed and on the weight's name.
    uint64_t seed = 0;
    /// "small": for images such as CIFAR's; "torchvision": as torchvision builds it, for 224
    /// pixels; "tensorflow": preact_resnet* as the paper's authors build it
    std::string form = "small";
    std::string initialisation = "xavier";  ///< see initialise.h
};

/// Calls visit(name, field) for each option. All code that reads or writes options by name uses
/// this list.
template <typename Options, typename Visit>
void for_each_option(Options& options, Visit&& visit) {
    visit("classes", options.classes);
    visit("channels", options.channels);
    visit("batch_norm", options.batch_norm);
    visit("dropout", options.dropout);
    visit("seed", options.seed);
    visit("form", options.form);
    visit("initialisation", options.initialisation);
}

class Model;
using ModelPtr = std::shared_ptr<Model>;

/// A network that turns images into logits. All code that trains, attacks or evaluates networks
/// uses this type.
class Model : public torch::nn::Module {
  public:
    using torch::nn::Module::Module;
    /// images: float32 [N, C, H, W] -> logits float32 [N, classes]. Throws Error for images with
    /// the wrong shape.
    virtual at::Tensor forward(const at::Tensor& images) = 0;

    /// Returns the outputs of layers for the images, one tensor per layer. Layers have names such
    /// as "layer3.0". Throws Error for a layer that the network does not have or that does not
    /// output a tensor of its own.
    virtual std::vector<at::Tensor> features(const at::Tensor& images,
                                             const std::vector<std::string>& layers);

    /// Replaces the last linear layer (or 1x1 convolution) with a new one for `classes` classes.
    /// The new layer is trainable; its values are drawn from `seed` as in torch.nn.Linear. Clears
    /// class_names. Throws Error and changes nothing if the number of classes is out of range, if
    /// the network has no such layer, or if `layer` is neither empty nor the name of that layer.
    virtual void replace_head(int64_t classes, uint64_t seed, const std::string& layer);

    /// Restores training or evaluation mode when a scope ends. Like train(), but must not throw.
    virtual void restore_mode(bool training) { train(training); }

    /// Returns a network with the same weights, buffers, device and mode that shares nothing with
    /// this one.
    virtual ModelPtr copy() const;

    /// Whether forward() runs a script's code, which may throw Interrupted in the middle.
    virtual bool calls_back() const;

    /// The arguments with which make() built this network.
    struct Origin {
        std::string name;
        ModelOptions options;
    };
    std::optional<Origin> origin;

    /// The class names of the data set on which the network was last trained, in the order of the
    /// logits; empty if the data set had none.
    std::vector<std::string> class_names;
};

/// Builds a network by name, on the CPU, in training mode. Throws Error for an unknown name
/// (listing the known ones) and for an option out of range.
ModelPtr make(const std::string& name, const ModelOptions& options = {});

/// The names that make() accepts.
const std::vector<std::string>& known_names();

/// The number of trainable weights.
int64_t count_parameters(const Model& model);

/// The device of the model's first parameter, or the CPU if the model has no parameters.
at::Device device_of(const Model& model);

/// Stores the convolution kernels as channels_last, which is the fastest layout for images with
/// that layout. Values and names do not change.
void use_channels_last(Model& model);

/// Keeps a model in evaluation mode within a scope; at the end, each module returns to its previous
/// mode.
class EvaluationScope {
  public:
    explicit EvaluationScope(Model& model);
    ~EvaluationScope();
    EvaluationScope(const EvaluationScope&) = delete;
    EvaluationScope& operator=(const EvaluationScope&) = delete;

  private:
    Model& model_;
    bool was_training_;
    std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> parts_;
};

}  // namespace hfc::model
