// Returns to the start of a batch that was interrupted in the middle.
#pragma once

#include "model/model.h"

#include <vector>

namespace hfc::train {

/// The state of a device's global random generator.
at::Tensor generator_state(at::Device device);
void set_generator_state(at::Device device, const at::Tensor& state);

/// Restores the global random generators of the CPU and of a device at the end of the scope.
class GeneratorScope {
  public:
    explicit GeneratorScope(at::Device device);
    ~GeneratorScope();
    GeneratorScope(const GeneratorScope&) = delete;
    GeneratorScope& operator=(const GeneratorScope&) = delete;

  private:
    at::Device device_;
    at::Tensor cpu_, own_;  ///< own_ is undefined on the CPU
};

/// Stores the state that a batch changes before the optimizer's step: the buffers (running
/// statistics) and the states of the random generators.
class Rewind {
  public:
    Rewind(const model::Model& model, at::Device device);
    void restore() const;

  private:
    std::vector<at::Tensor> buffers_;
    std::vector<at::Tensor> values_;  ///< values of the buffers
    at::Device device_;
    at::Tensor cpu_generator_;
    at::Tensor device_generator_;  ///< undefined on the CPU
};

/// Whether a batch may run a script's code, which Ctrl-C can interrupt in the middle. This is the
/// case if the network is written in Lua or a weight has a hook.
bool calls_back(const model::Model& model);

}  // namespace hfc::train
