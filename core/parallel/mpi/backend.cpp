#include "parallel/mpi/backend.h"

#include "base/dtype_name.h"

#include <ATen/ATen.h>
#include <ATen/core/ivalue_inl.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace hfc::parallel::mpi {
namespace {

/// The maximum number of elements in one message. MPI's counts are ints, and longer messages would
/// gain nothing.
constexpr int64_t largest_piece = int64_t{1} << 28;

MPI_Datatype type_of(const at::Tensor& tensor) {
    switch (tensor.scalar_type()) {
        case at::kFloat:
            return MPI_FLOAT;
        case at::kDouble:
            return MPI_DOUBLE;
        case at::kInt:
            return MPI_INT32_T;
        case at::kLong:
            return MPI_INT64_T;
        case at::kByte:
        case at::kBool:
            return MPI_UINT8_T;
        default:
            TORCH_CHECK(false, "processes cannot exchange tensors of dtype ",
                        dtype_name(tensor.scalar_type()),
                        "; expected float32, float64, int32, int64, uint8 or bool");
    }
}

MPI_Op operation_of(const c10d::ReduceOp& operation) {
    switch (static_cast<c10d::ReduceOp::RedOpType>(operation)) {
        case c10d::ReduceOp::SUM:
            return MPI_SUM;
        case c10d::ReduceOp::MIN:
            return MPI_MIN;
        case c10d::ReduceOp::MAX:
            return MPI_MAX;
        default:
            TORCH_CHECK(false, "the module for MPI supports only the reductions sum, min and max");
    }
}

const at::Tensor& checked(const at::Tensor& tensor) {
    TORCH_CHECK(tensor.is_cpu() && tensor.is_non_overlapping_and_dense(),
                "the module for MPI accepts only dense tensors in CPU memory");
    return tensor;
}

std::string name_of(const char* what, const at::Tensor& tensor) {
    return std::string(what) + " of " + std::to_string(tensor.numel()) + " " +
           dtype_name(tensor.scalar_type()) + " numbers";
}

/// Calls begin(address, count, request) for one piece of the tensor after another.
template <typename Begin>
std::function<bool(MPI_Request&)> in_pieces(const at::Tensor& tensor, Begin begin) {
    return [tensor, begin, from = int64_t{0}](MPI_Request& request) mutable {
        const auto count = std::min(largest_piece, tensor.numel() - from);
        if (count <= 0) {
            return false;
        }
        auto* const address = static_cast<char*>(tensor.data_ptr()) +
                              from * static_cast<int64_t>(tensor.element_size());
        from += count;
        begin(static_cast<void*>(address), static_cast<int>(count), request);
        return true;
    };
}

}  // namespace

/// The Reducer waits for the future of this object, which must return a list of tensors.
class Backend::Work : public c10d::Work {
  public:
    Work(c10d::OpType type, std::vector<at::Tensor> results)
        : c10d::Work(-1, type),
          results_(std::move(results)),
          future_(c10::make_intrusive<c10::ivalue::Future>(
              c10::ListType::create(c10::TensorType::get()))) {}

    c10::intrusive_ptr<c10::ivalue::Future> getFuture() override { return future_; }
    std::vector<at::Tensor> result() override { return results_; }

    void end(const std::exception_ptr& error) {
        if (error) {
            future_->setError(error);
        } else {
            future_->markCompleted(c10::IValue(results_));
        }
        finish(error);
    }

  private:
    std::vector<at::Tensor> results_;
    c10::intrusive_ptr<c10::ivalue::Future> future_;
};

c10::intrusive_ptr<c10d::Work> Backend::add(c10d::OpType type,
                                            const std::vector<at::Tensor>& results,
                                            Engine::Job job) {
    auto work = c10::make_intrusive<Work>(type, results);
    job.done = [work, after = std::move(job.done)](const std::exception_ptr& error) {
        if (!error && after) {
            after(error);
        }
        work->end(error);
    };
    engine_.add(std::move(job));
    return work;
}

c10::intrusive_ptr<c10d::Work> Backend::allreduce(std::vector<at::Tensor>& tensors,
                                                  const c10d::AllreduceOptions& options) {
    const auto tensor = checked(tensors.at(0));
    const auto type = type_of(tensor);
    const auto operation = operation_of(options.reduceOp);
    return add(c10d::OpType::ALLREDUCE, {tensor},
               {name_of("all_reduce", tensor),
                in_pieces(tensor,
                          [=](void* data, int count, MPI_Request& request) {
                              check(MPI_Iallreduce(MPI_IN_PLACE, data, count, type, operation,
                                                   MPI_COMM_WORLD, &request),
                                    "MPI_Iallreduce");
                          }),
                {}});
}

c10::intrusive_ptr<c10d::Work> Backend::broadcast(std::vector<at::Tensor>& tensors,
                                                  const c10d::BroadcastOptions& options) {
    const auto tensor = checked(tensors.at(0));
    const auto type = type_of(tensor);
    const auto root = static_cast<int>(options.rootRank);
    return add(c10d::OpType::BROADCAST, {tensor},
               {name_of("broadcast", tensor),
                in_pieces(tensor,
                          [=](void* data, int count, MPI_Request& request) {
                              check(MPI_Ibcast(data, count, type, root, MPI_COMM_WORLD, &request),
                                    "MPI_Ibcast");
                          }),
                {}});
}

c10::intrusive_ptr<c10d::Work> Backend::allgather(std::vector<std::vector<at::Tensor>>& results,
                                                  std::vector<at::Tensor>& tensors,
                                                  const c10d::AllgatherOptions&) {
    const auto tensor = checked(tensors.at(0)).contiguous();
    const auto targets = results.at(0);
    TORCH_CHECK(tensor.numel() <= largest_piece,
                "all_gather: the tensor has too many elements: ", tensor.numel());
    const auto type = type_of(tensor);
    auto all = at::empty({static_cast<int64_t>(targets.size()), tensor.numel()}, tensor.options());
    auto start = [=, begun = false](MPI_Request& request) mutable {
        if (std::exchange(begun, true)) {
            return false;
        }
        const auto count = static_cast<int>(tensor.numel());
        check(MPI_Iallgather(tensor.data_ptr(), count, type, all.data_ptr(), count, type,
                             MPI_COMM_WORLD, &request),
              "MPI_Iallgather");
        return true;
    };
    auto done = [=](const std::exception_ptr&) {
        for (size_t i = 0; i < targets.size(); ++i) {
            targets[i].copy_(all[static_cast<int64_t>(i)].view_as(targets[i]));
        }
    };
    return add(c10d::OpType::ALLGATHER, targets, {name_of("all_gather", tensor), start, done});
}

c10::intrusive_ptr<c10d::Work> Backend::barrier(const c10d::BarrierOptions&) {
    auto start = [begun = false](MPI_Request& request) mutable {
        if (std::exchange(begun, true)) {
            return false;
        }
        check(MPI_Ibarrier(MPI_COMM_WORLD, &request), "MPI_Ibarrier");
        return true;
    };
    return add(c10d::OpType::BARRIER, {}, {"barrier", start, {}});
}

}  // namespace hfc::parallel::mpi
