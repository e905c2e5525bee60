#include "train/rewind.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <mutex>

namespace hfc::train {

at::Tensor generator_state(at::Device device) {
    auto generator = at::globalContext().defaultGenerator(device);
    const std::scoped_lock lock(generator.mutex());
    return generator.get_state();
}

void set_generator_state(at::Device device, const at::Tensor& state) {
    auto generator = at::globalContext().defaultGenerator(device);
    const std::scoped_lock lock(generator.mutex());
    generator.set_state(state);
}

GeneratorScope::GeneratorScope(at::Device device)
    : device_(device),
      cpu_(generator_state(at::kCPU)),
      own_(device.is_cpu() ? at::Tensor() : generator_state(device)) {}

GeneratorScope::~GeneratorScope() {
    set_generator_state(at::kCPU, cpu_);
    if (own_.defined()) {
        set_generator_state(device_, own_);
    }
}

Rewind::Rewind(const model::Model& model, at::Device device)
    : buffers_(model.buffers()), device_(device), cpu_generator_(generator_state(at::kCPU)) {
    const at::NoGradGuard no_grad;
    for (const auto& buffer : buffers_) {
        values_.push_back(buffer.clone());
    }
    if (!device.is_cpu()) {
        device_generator_ = generator_state(device);
    }
}

void Rewind::restore() const {
    const at::NoGradGuard no_grad;
    for (size_t i = 0; i < buffers_.size(); ++i) {
        at::Tensor(buffers_[i]).copy_(values_[i]);
    }
    set_generator_state(at::kCPU, cpu_generator_);
    if (device_generator_.defined()) {
        set_generator_state(device_, device_generator_);
    }
}

bool calls_back(const model::Model& model) {
    return model.calls_back() || std::ranges::any_of(model.parameters(), [](const auto& parameter) {
               return !torch::autograd::impl::hooks(parameter).empty();
           });
}

}  // namespace hfc::train
