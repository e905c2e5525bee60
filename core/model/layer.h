// A layer of a network. Hooks can read and replace its output.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hfc::model {

/// Receives the output of a layer each time the layer runs. If the hook returns a defined tensor,
/// this tensor replaces the output.
using LayerHook = std::function<at::Tensor(const at::Tensor& output)>;

/// The base class of all layers in built-in and exported networks. Copies of a network have no
/// hooks.
class Layer : public torch::nn::Module {
  public:
    using torch::nn::Module::Module;

    void add_hook(std::shared_ptr<const LayerHook> hook) { hooks_.push_back(std::move(hook)); }
    void remove_hook(const std::shared_ptr<const LayerHook>& hook) { std::erase(hooks_, hook); }
    bool has_hooks() const { return !hooks_.empty(); }

    /// Returns `output` after the layer's hooks have read and possibly replaced it. The forward
    /// pass of every layer ends with this call. Throws Error if a hook returns a tensor with a
    /// different shape.
    at::Tensor observed(at::Tensor output) const {
        return hooks_.empty() ? output : call_hooks(std::move(output));
    }

    /// Replaces a parameter with a new tensor. Existing references still refer to the old tensor.
    virtual void set_parameter(const std::string& name, const at::Tensor& value) {
        parameters_[name] = value;
    }

  private:
    at::Tensor call_hooks(at::Tensor output) const;

    std::vector<std::shared_ptr<const LayerHook>> hooks_;
};

}  // namespace hfc::model
