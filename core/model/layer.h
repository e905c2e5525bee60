// A layer of a network, whose result others may see and replace.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hfc::model {

/// Receives what a layer gives each time it runs. A tensor that it returns takes the result's
/// place; an undefined one changes nothing.
using LayerHook = std::function<at::Tensor(const at::Tensor& output)>;

/// The base of all layers of built-in and exported networks. Copies of a network have no hooks.
class Layer : public torch::nn::Module {
  public:
    using torch::nn::Module::Module;

    void add_hook(std::shared_ptr<const LayerHook> hook) { hooks_.push_back(std::move(hook)); }
    void remove_hook(const std::shared_ptr<const LayerHook>& hook) { std::erase(hooks_, hook); }
    bool has_hooks() const { return !hooks_.empty(); }

    /// What the layer hands on: `output`, as its hooks saw and changed it. Each layer ends with it.
    /// Throws Error for a hook's tensor of another shape.
    at::Tensor observed(at::Tensor output) const {
        return hooks_.empty() ? output : call_hooks(std::move(output));
    }

    /// Puts a new tensor in the place of a parameter, so that whoever holds the old one keeps it.
    virtual void set_parameter(const std::string& name, const at::Tensor& value) {
        parameters_[name] = value;
    }

  private:
    at::Tensor call_hooks(at::Tensor output) const;

    std::vector<std::shared_ptr<const LayerHook>> hooks_;
};

}  // namespace hfc::model
