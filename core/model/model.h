// Networks. One base for those built here and for those written in Lua.
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
    int64_t channels = 3;  ///< of the input images: 1 or 3. With 1, the first layer of a small form
                           ///< is 5x5, as for the paper's grey sets
    bool batch_norm = false;  ///< preact_resnet*: before each ReLU (eps 1e-3); vgg*: torchvision's
                              ///< vgg*_bn. resnet* always have their own, unless bare.
    double dropout = 0;  ///< probability in [0,1): before the last linear layer; in torchvision's
                         ///< alexnet and vgg at its two places
    uint64_t seed =
        0;  ///< of the Xavier initialisation; a weight depends on it and on the weight's name alone
    std::string form = "small";  ///< "small": for images such as CIFAR's; "torchvision": as
                                 ///< torchvision builds it, for 224 pixels
};

/// Calls visit(name, field) for each option: the one list for whoever reads or writes them by name.
template <typename Options, typename Visit>
void for_each_option(Options& options, Visit&& visit) {
    visit("classes", options.classes);
    visit("channels", options.channels);
    visit("batch_norm", options.batch_norm);
    visit("dropout", options.dropout);
    visit("seed", options.seed);
    visit("form", options.form);
}

class Model;
using ModelPtr = std::shared_ptr<Model>;

/// A network that turns images into logits. Everything that trains, attacks or evaluates takes this
/// type.
class Model : public torch::nn::Module {
  public:
    using torch::nn::Module::Module;
    /// images: float32 [N, C, H, W] -> logits float32 [N, classes]. Throws Error for images of
    /// another shape.
    virtual at::Tensor forward(const at::Tensor& images) = 0;

    /// What layers give for the images, by names such as "layer3.0": one tensor for each. Throws
    /// Error for a layer that the network lacks or that gives no tensor of its own.
    virtual std::vector<at::Tensor> features(const at::Tensor& images,
                                             const std::vector<std::string>& layers);

    /// Puts a new last linear layer (or 1x1 convolution) for `classes` classes in the place of the
    /// old one. It has the values of torch.nn.Linear, by `seed`, and is trainable. class_names
    /// become empty. Throws Error, and changes nothing, for a number of classes out of range, for a
    /// network without such a layer and where `layer`, unless empty, names another one.
    virtual void replace_head(int64_t classes, uint64_t seed, const std::string& layer);

    /// Training or evaluation mode again after a scope of the other: as train(), but nothing that
    /// could throw.
    virtual void restore_mode(bool training) { train(training); }

    /// A network of the same weights, buffers, device and mode that shares nothing with this one.
    virtual ModelPtr copy() const;

    /// Whether forward() runs code of a script, which may throw Interrupted in its middle.
    virtual bool calls_back() const;

    /// What make() built this network from.
    struct Origin {
        std::string name;
        ModelOptions options;
    };
    std::optional<Origin> origin;

    /// Of the data set that it was trained on last, in the order of the logits; empty where that
    /// had none.
    std::vector<std::string> class_names;
};

/// Builds a network by name, on the CPU, in training mode. Throws Error for an unknown name
/// (listing the known ones) and for a setting out of range.
ModelPtr make(const std::string& name, const ModelOptions& options = {});

/// The names make() knows.
const std::vector<std::string>& known_names();

/// Number of trainable weights.
int64_t count_parameters(const Model& model);

/// The device of the model's first parameter; the CPU for a model without any.
at::Device device_of(const Model& model);

/// Lays the convolution kernels out channels_last, which is the fastest layout for images of that
/// layout. Values and names stay.
void use_channels_last(Model& model);

/// Evaluation mode for a scope; at its end each module is back in the mode it was in.
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
