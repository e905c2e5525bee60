// hfc.parallel: the other processes of the job, for loops of the script's own.
#include "bindings/hfc/register.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "parallel/group.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hfc::lua {
namespace {

int rank(Call& call) {
    call.at_most(0);
    return call.returns(parallel::world().rank());
}

int size(Call& call) {
    call.at_most(0);
    return call.returns(parallel::world().size());
}

/// A copy that the others' values may go into.
at::Tensor copy_of(const at::Tensor& tensor) {
    const at::NoGradGuard no_grad;
    return tensor.detach().clone(at::MemoryFormat::Contiguous);
}

int all_reduce(Call& call) {
    call.at_most(2);
    auto values = copy_of(tensor_argument(call, 1, "tensor"));
    const auto how = call.given(2) ? call.argument(2, "how").text() : std::string("sum");
    require(how == "sum" || how == "mean" || how == "min" || how == "max",
            "argument 2 (how): expected \"sum\", \"mean\", \"min\" or \"max\", got '{}'", how);
    require(how != "mean" || at::isFloatingType(values.scalar_type()),
            "argument 2 (how): a mean is of floating-point numbers, the Tensor is {}",
            dtype_name(values.scalar_type()));
    auto& group = parallel::world();
    group.all_reduce(values, how == "min"   ? parallel::Reduction::least
                             : how == "max" ? parallel::Reduction::most
                                            : parallel::Reduction::sum);
    if (how == "mean") {
        values.div_(static_cast<double>(group.size()));
    }
    return call.returns(values);
}

int broadcast(Call& call) {
    call.at_most(2);
    auto values = copy_of(tensor_argument(call, 1, "tensor"));
    const int64_t root = call.given(2) ? call.argument(2, "root").integer() : 0;
    auto& group = parallel::world();
    require(root >= 0 && root < group.size(),
            "argument 2 (root): expected a rank from 0 to {}, got {}", group.size() - 1, root);
    group.broadcast(values, root);
    return call.returns(values);
}

int barrier(Call& call) {
    call.at_most(0);
    parallel::world().barrier();
    return 0;
}

int alone(Call& call) {
    call.at_most(1);
    if (!lua_isfunction(call.L, 1)) {
        call.argument(1, "f").expected("a function");
    }
    const parallel::AloneScope scope;
    lua_pushvalue(call.L, 1);
    protected_call(call.L, 0, 1);
    return 1;
}

const std::vector<Declaration> parallel_declarations = {
    {"hfc.parallel.rank", rank,
     "hfc.parallel.rank() -> integer\n\n"
     "Which of the processes of this job this one is, 0 to size() - 1; 0 where it is the only one. "
     "`mpirun -n 4 hfc-host script.lua` starts four, which all run the whole script. hfc.train "
     "shares its batches between them, and the functions that measure a network share its images: "
     "all processes must call them, with the same arguments, and get the same numbers. Rank 0 "
     "alone writes the run directory and to standard output. See docs/clusters.md."},
    {"hfc.parallel.size", size,
     "hfc.parallel.size() -> integer\n\nHow many processes work on this job; 1 without a "
     "launcher."},
    {"hfc.parallel.all_reduce", all_reduce,
     "hfc.parallel.all_reduce(tensor, how = \"sum\") -> Tensor\n\n"
     "The Tensors of all processes combined, element by element: \"sum\", \"mean\", \"min\" or "
     "\"max\". All get the same bits, without a gradient.\n"
     "tensor: float32, float64, int32, int64, uint8 or bool, of one shape on all processes, which "
     "must all call this.\n"
     "Errors: another dtype; a mean of integers."},
    {"hfc.parallel.broadcast", broadcast,
     "hfc.parallel.broadcast(tensor, root = 0) -> Tensor\n\n"
     "The Tensor of rank `root`, for all. Dtype and shape must be the same on all processes, which "
     "must all call this.\n"
     "Errors: no such rank; a dtype that hfc.parallel.all_reduce does not take."},
    {"hfc.parallel.barrier", barrier,
     "hfc.parallel.barrier()\n\nWaits until all processes have called it."},
    {"hfc.parallel.alone", alone,
     "hfc.parallel.alone(f) -> result of f\n\n"
     "Calls f() as if this process was the only one: functions that all processes must call else, "
     "such as hfc.train, work for this process alone meanwhile, and a run that it begins is "
     "written "
     "by this process. For jobs that are shared out by rank."},
};

}  // namespace

namespace detail {

void register_parallel(lua_State* L) {
    declare(L, parallel_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
