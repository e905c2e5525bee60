// The gradients of a batch whose images several processes share: c10d::Reducer, the engine of
// PyTorch's DistributedDataParallel, which reduces while the backward pass goes on.
#pragma once

#include "parallel/group.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hfc::parallel {

struct GradientOptions {
    /// Whether a step may leave parameters without a gradient, which costs a walk through each
    /// step's graph. Without it each parameter must get one in each step.
    bool find_unused = false;
    int64_t first_bucket_bytes = 1 << 20;  ///< of the gradients that are reduced first
    int64_t bucket_bytes = 25 << 20;       ///< of the others
};

/// For as long as it lives, the gradients of a backward pass are averaged over the ranks. With one
/// process it does nothing.
class GradientReducer {
  public:
    /// parameters: leaves that require a gradient, on all ranks of the same shapes in the same
    /// order. Throws std::exception where they differ.
    GradientReducer(Group& group, const std::vector<at::Tensor>& parameters,
                    const GradientOptions& options = {});
    ~GradientReducer();
    GradientReducer(const GradientReducer&) = delete;
    GradientReducer& operator=(const GradientReducer&) = delete;

    /// reduces: as for the backward pass that follows.
    void before_forward(bool reduces);
    /// Before loss.backward(). reduces: false where more gradients are added before they are
    /// averaged.
    void before_backward(const at::Tensor& loss, bool reduces);

    /// The engine's own timers in milliseconds, means over the steps that it looked at (the first
    /// ten, then each hundredth): "backward", "communication", "overlap". Empty with one process.
    std::map<std::string, double> timers() const;

  private:
    class Engine;
    std::unique_ptr<Engine> engine_;
};

/// The tensors of rank 0 for all, in place.
void share(Group& group, const std::vector<at::Tensor>& tensors);

/// In place: the mean over the ranks of each, in one message. Floating-point tensors on the CPU.
void average(Group& group, const std::vector<at::Tensor>& tensors);

}  // namespace hfc::parallel
