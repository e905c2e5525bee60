// run:epochs: a training loop in the script that resumes after its last complete epoch.
#include "base/device.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/lua_thread.h"
#include "bindings/runtime/registry.h"
#include "bindings/runtime/state.h"
#include "bindings/torch/files.h"
#include "bindings/torch/tensor.h"
#include "checkpoint/broadcast.h"
#include "checkpoint/store.h"
#include "parallel/group.h"
#include "run/run.h"
#include "train/rewind.h"

#include <ATen/core/grad_mode.h>

#include <cstdio>
#include <memory>
#include <string>

namespace hfc::lua {
namespace {

using RunPtr = std::shared_ptr<run::Run>;
using checkpoint::Json;

/// The state of an iterator of run:epochs().
struct EpochLoop {
    RunPtr run;
    checkpoint::Store store;
    Reference state;  ///< a table name -> object
    int64_t last = 0;
    int64_t epoch = 0;      ///< the current epoch, or the last complete one
    bool running = false;   ///< the loop body has started
    size_t remembered = 0;  ///< the number of the run's records before the loop
};

}  // namespace

template <>
inline constexpr const char* type_name<EpochLoop> = "EpochIterator";

namespace {

enum class Kind { object, tensor, table };

/// How a checkpoint stores the value at `index`, called `name` in the state. Throws Error for
/// values that cannot be stored.
Kind kind_of(lua_State* L, int index, const std::string& name) {
    if (to_tensor(L, index) != nullptr) {
        return Kind::tensor;
    }
    if (has_state_dict(L, index)) {
        return Kind::object;
    }
    require(lua_istable(L, index),
            "argument 2 (state), '{}': expected a network, an optimizer, a schedule, a Tensor or a "
            "table of values, got {}; to restore a local variable, keep it in a table",
            name, describe(L, index));
    return Kind::table;
}

/// Calls visit(name) for each object of the state, with the object on the top of the stack.
template <typename Visit>
void for_each_object(lua_State* L, const Reference& state, Visit&& visit) {
    const int top = lua_gettop(L);
    state.push(L);
    for (lua_pushnil(L); lua_next(L, top + 1) != 0; lua_settop(L, top + 2)) {
        require(lua_type(L, top + 2) == LUA_TSTRING,
                "argument 2 (state): expected names as keys, got {}", describe(L, top + 2));
        visit(std::string(lua_tostring(L, top + 2)));
    }
    lua_settop(L, top);
}

/// Calls object:method(argument...) for the object at `index`; the arguments are on the top of the
/// stack.
void call_method(lua_State* L, int index, const char* method, int arguments, int results) {
    lua_getfield(L, index, method);
    lua_insert(L, -arguments - 1);
    lua_pushvalue(L, index);
    lua_insert(L, -arguments - 1);
    protected_call(L, arguments + 1, results);
}

/// Replaces the contents of the table at `index` with those of the table on the top of the stack.
void refill(lua_State* L, int index) {
    const int saved = lua_gettop(L);
    // First lists the keys, so that the table does not change during the traversal.
    lua_newtable(L);
    int count = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_rawseti(L, saved + 1, ++count);
    }
    for (int i = 1; i <= count; ++i) {
        lua_rawgeti(L, saved + 1, i);
        lua_pushnil(L);
        lua_rawset(L, index);
    }
    for (lua_pushnil(L); lua_next(L, saved) != 0; lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, index);
    }
    lua_settop(L, saved);
}

checkpoint::Checkpoint capture(lua_State* L, const EpochLoop& loop) {
    const int top = lua_gettop(L);
    lua_newtable(L);
    for_each_object(L, loop.state, [&](const std::string& name) {
        const int object = lua_gettop(L);
        if (kind_of(L, object, name) == Kind::object) {
            call_method(L, object, "state_dict", 0, 1);
        }
        lua_setfield(L, top + 1, name.c_str());
    });
    auto flattened = flatten_value(L, top + 1);
    lua_settop(L, top);
    checkpoint::Checkpoint checkpoint;
    checkpoint.tensors = std::move(flattened.tensors);
    checkpoint.tensors.emplace_back("generator.cpu", train::generator_state(at::kCPU));
    if (const auto device = default_device(); !device.is_cpu()) {
        checkpoint.tensors.emplace_back("generator.device", train::generator_state(device));
    }
    checkpoint.state = {{"loop", {{"epoch", loop.epoch}}},
                        {"structure", flattened.structure},
                        {"remembered", loop.run->remembered(loop.remembered)}};
    return checkpoint;
}

void restore_generators(const tensor_file::NamedTensors& tensors) {
    for (const auto& [name, tensor] : tensors) {
        if (name == "generator.cpu") {
            train::set_generator_state(at::kCPU, tensor);
        } else if (name == "generator.device" && !default_device().is_cpu()) {
            train::set_generator_state(default_device(), tensor);
        }
    }
}

/// Restores the object at stack index `object` from the saved value on the top of the stack.
void restore_object(lua_State* L, int object, const std::string& name) {
    const int saved = lua_gettop(L);
    switch (kind_of(L, object, name)) {
        case Kind::object:
            call_method(L, object, "load_state_dict", 1, 0);
            break;
        case Kind::tensor: {
            const at::Tensor* from = to_tensor(L, saved);
            const at::Tensor to = *to_tensor(L, object);
            require(from != nullptr && from->sizes() == to.sizes(),
                    "'{}': expected a Tensor of shape [{}] in the checkpoint, as in the script, "
                    "got {}",
                    name, fmt::join(to.sizes(), ", "),
                    from == nullptr ? describe(L, saved) : describe_tensor(*from));
            const at::NoGradGuard no_grad;
            at::Tensor(to).copy_(*from);
            break;
        }
        case Kind::table:
            refill(L, object);
            break;
    }
    lua_settop(L, object);
}

void restore(lua_State* L, EpochLoop& loop, const checkpoint::Checkpoint& checkpoint) {
    const int top = lua_gettop(L);
    const auto& state = checkpoint.state;
    require(state.contains("loop") && state.contains("structure") && state.contains("remembered"),
            "the checkpoint in '{}' was not written by run:epochs", loop.store.folder().string());
    push_flattened(L, loop.store.folder().string(), state.at("structure"), checkpoint.tensors);
    for_each_object(L, loop.state, [&](const std::string& name) {
        const int object = lua_gettop(L);
        lua_getfield(L, top + 1, name.c_str());
        require(!lua_isnil(L, -1), "the checkpoint of this loop does not contain '{}'", name);
        restore_object(L, object, name);
    });
    lua_settop(L, top);
    loop.epoch = state.at("loop").at("epoch").get<int64_t>();
    loop.run->tell_again(state.at("remembered"));
    restore_generators(checkpoint.tensors);
}

int next_epoch(lua_State* L) {
    return guarded(L, "Run:epochs", [&]() -> int {
        auto* loop = to_object<EpochLoop>(L, lua_upvalueindex(1));
        require(loop != nullptr, "the iterator was destroyed");
        const RunningScope scope(L);
        if (loop->running) {
            if (!loop->run->silent()) {
                loop->store.save(loop->epoch, capture(L, *loop));
            }
            loop->running = false;
        }
        check_stop();
        if (loop->epoch >= loop->last) {
            return 0;
        }
        loop->running = true;
        push(L, ++loop->epoch);
        return 1;
    });
}

/// The argument `state`: a table, or an empty table if none is given.
Reference read_state(Call& call) {
    if (!call.given(3)) {
        lua_newtable(call.L);
    } else if (lua_istable(call.L, 3) && !has_state_dict(call.L, 3)) {
        lua_pushvalue(call.L, 3);
    } else {
        call.argument(3, "state").expected("a table {name = object}");
    }
    return Reference(call.L);
}

int epochs(Call& call) {
    call.at_most(3);
    lua_State* L = call.L;
    const auto run = call.argument(1, "run").object<RunPtr>();
    const int64_t n = call.argument(2, "n").integer();
    require(n >= 1, "argument 1 (n): expected at least 1 epoch, got {}", n);
    EpochLoop loop{run, checkpoint::Store(run->next_checkpoints()), read_state(call), n};
    for_each_object(L, loop.state,
                    [&](const std::string& name) { kind_of(L, lua_gettop(L), name); });
    loop.remembered = run->remember();
    if (host_info(L).resume) {
        const auto warn = [](const std::string& text) {
            std::fprintf(stderr, "hfc-host: %s\n", text.c_str());
        };
        if (const auto newest = checkpoint::broadcast(
                parallel::world(), run->silent() ? std::nullopt : loop.store.newest(warn))) {
            restore(L, loop, *newest);
            if (loop.epoch > n) {
                std::fprintf(
                    stderr,
                    "hfc-host: run:epochs: %lld epochs are already finished, but n is only "
                    "%lld\n",
                    static_cast<long long>(loop.epoch), static_cast<long long>(n));
            }
        }
    }
    push_object(L, std::move(loop));
    lua_pushcclosure(L, next_epoch, 1);
    return 1;
}

const std::vector<Declaration> epoch_declarations = {
    {"Run:epochs", epochs,
     "run:epochs(n, {name = object, ...}) -> iterator\n\n"
     "Iterates over the epochs 1 to n of your own training loop: for epoch in run:epochs(20, {net "
     "= net, adam = adam}) do ... end. After each epoch it saves the objects and the states of "
     "torch's random generators in the run directory. `hfc-host --resume DIR` continues after the "
     "last complete epoch and produces the same results as an uninterrupted run.\n"
     "An object is a network, an optimizer or a schedule (anything with state_dict()), a Tensor, "
     "or a table of numbers, strings, booleans, Tensors and nested tables of these types. When a "
     "run is resumed, a Tensor is filled in place, and the contents of a table are replaced. "
     "Everything else that the loop uses must depend only on the epoch number. Pass a seed and the "
     "epoch to dataset:batches, and do not use math.random, whose state cannot be saved.\n"
     "Errors: an object that cannot be saved, a checkpoint with different objects, a directory "
     "that cannot be written to."},
};

}  // namespace

namespace detail {

void register_epochs(lua_State* L) {
    register_type<EpochLoop>(L);
    declare(L, epoch_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
