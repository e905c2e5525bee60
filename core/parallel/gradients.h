// Averages gradients when several processes share a batch. Uses c10d::Reducer, the engine of
// PyTorch's DistributedDataParallel, which reduces gradients while the backward pass is still
// running.
#pragma once

#include "parallel/group.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hfc::parallel {

struct GradientOptions {
    /// Whether a step may leave parameters without a gradient, which requires traversing the graph
    /// of every step. If false, each parameter must get a gradient in each step.
    bool find_unused = false;
    /// Size of the bucket of gradients that are reduced first.
    int64_t first_bucket_bytes = 1 << 20;
    int64_t bucket_bytes = 25 << 20;  ///< size of the other buckets
};

/// While this object exists, the gradients of a backward pass are averaged over the ranks. With one
/// process, it does nothing.
class GradientReducer {
  public:
    /// parameters: leaf tensors that require grad, with the same shapes and order on all ranks.
    /// Throws std::exception if they differ.
    GradientReducer(Group& group, const std::vector<at::Tensor>& parameters,
                    const GradientOptions& options = {});
    ~GradientReducer();
    GradientReducer(const GradientReducer&) = delete;
    GradientReducer& operator=(const GradientReducer&) = delete;

    /// reduces: the value that will be passed to before_backward().
    void before_forward(bool reduces);
    /// Call it before loss.backward(). reduces: false if more gradients are added before the
    /// average is computed.
    void before_backward(const at::Tensor& loss, bool reduces);

    /// The engine's own timers in milliseconds, as means over the measured steps (the first ten,
    /// then every hundredth): "backward", "communication", "overlap". Empty with one process.
    std::map<std::string, double> timers() const;

  private:
    class Engine;
    std::unique_ptr<Engine> engine_;
};

/// Copies the tensors of rank 0 to all ranks, in place.
void share(Group& group, const std::vector<at::Tensor>& tensors);

/// Replaces each tensor by its mean over the ranks, in one message. tensors: floating-point, on the
/// CPU.
void average(Group& group, const std::vector<at::Tensor>& tensors);

}  // namespace hfc::parallel
