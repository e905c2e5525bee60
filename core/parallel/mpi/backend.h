// A backend of c10d over MPI: the collectives that c10d::Reducer and parallel::Group use.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "parallel/mpi/engine.h"

#include <string>
#include <vector>

namespace hfc::parallel::mpi {

class Backend : public c10d::Backend {
  public:
    /// The engine must outlive all calls.
    explicit Backend(Engine& engine)
        : c10d::Backend(engine.rank(), engine.size()), engine_(engine) {}

    const std::string getBackendName() const override { return "mpi"; }
    c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& tensors,
                                             const c10d::AllreduceOptions& options) override;
    c10::intrusive_ptr<c10d::Work> broadcast(std::vector<at::Tensor>& tensors,
                                             const c10d::BroadcastOptions& options) override;
    c10::intrusive_ptr<c10d::Work> allgather(std::vector<std::vector<at::Tensor>>& results,
                                             std::vector<at::Tensor>& tensors,
                                             const c10d::AllgatherOptions& options) override;
    c10::intrusive_ptr<c10d::Work> barrier(const c10d::BarrierOptions& options) override;

  private:
    class Work;
    c10::intrusive_ptr<c10d::Work> add(c10d::OpType type, const std::vector<at::Tensor>& results,
                                       Engine::Job job);

    Engine& engine_;
};

}  // namespace hfc::parallel::mpi
