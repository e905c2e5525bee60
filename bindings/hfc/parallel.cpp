// hfc.parallel: the other processes of the job, for training loops in scripts.
#include "base/dtype_name.h"
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

/// A copy that the values from the other processes may overwrite.
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
            "argument 2 (how): \"mean\" requires a floating-point Tensor, got {}",
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
     "Returns the rank of this process, from 0 to size() - 1, or 0 if it is the only process. "
     "`mpirun -n 4 hfc-host script.lua` starts four processes, which all run the whole script. "
     "hfc.train distributes its batches over them, and the functions that measure a network "
     "distribute the images. All processes must call these functions with the same arguments, and "
     "all of them get the same results. Only rank 0 writes to the run directory and to standard "
     "output. See docs/clusters.md."},
    {"hfc.parallel.size", size,
     "hfc.parallel.size() -> integer\n\n"
     "Returns the number of processes that work on this job, or 1 without a launcher."},
    {"hfc.parallel.all_reduce", all_reduce,
     "hfc.parallel.all_reduce(tensor, how = \"sum\") -> Tensor\n\n"
     "Combines the Tensors of all processes element by element and returns the result. how: "
     "\"sum\", \"mean\", \"min\" or \"max\". All processes get bit-identical results. The function "
     "is not differentiable.\n"
     "tensor: float32, float64, int32, int64, uint8 or bool, with the same shape on all processes. "
     "All processes must call this function.\n"
     "Errors: any other dtype, a mean of integers."},
    {"hfc.parallel.broadcast", broadcast,
     "hfc.parallel.broadcast(tensor, root = 0) -> Tensor\n\n"
     "Returns the Tensor of rank `root` on all processes. Its dtype and shape must be the same on "
     "all processes, and all processes must call this function.\n"
     "Errors: a rank that does not exist, a dtype that hfc.parallel.all_reduce does not accept."},
    {"hfc.parallel.barrier", barrier,
     "hfc.parallel.barrier()\n\nWaits until all processes have called it."},
    {"hfc.parallel.alone", alone,
     "hfc.parallel.alone(f) -> result of f\n\n"
     "Calls f() as if this process were the only one. Inside f, functions such as hfc.train, "
     "which all processes must otherwise call, run on this process alone, and this process writes "
     "the runs that f creates. Use it to distribute jobs over the ranks."},
};

}  // namespace

namespace detail {

void register_parallel(lua_State* L) {
    declare(L, parallel_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
