// hfc.memory: the tensors that Lua holds.
#include "bindings/hfc/register.h"
#include "bindings/runtime/debug.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

namespace hfc::lua {
namespace {

void set_field(lua_State* L, const char* key, const auto& value) {
    push(L, value);
    lua_setfield(L, -2, key);
}

int memory(Call& call) {
    call.at_most(1);
    auto options = call.options(1);
    const auto most = options.integer("largest", 10);
    options.finish();
    require(most >= 0, "option 'largest': expected a number >= 0, got {}", most);
    lua_newtable(call.L);
    set_field(call.L, "tensors", MemoryBudget::live_tensors());
    set_field(call.L, "bytes", MemoryBudget::live_bytes());
    if (!debugging(call.L)) {
        return 1;
    }
    const auto largest = TensorOrigins::largest(static_cast<size_t>(most));
    lua_createtable(call.L, static_cast<int>(largest.size()), 0);
    for (size_t i = 0; i < largest.size(); ++i) {
        lua_newtable(call.L);
        set_field(call.L, "bytes", largest[i].bytes);
        set_field(call.L, "tensor", largest[i].description);
        set_field(call.L, "line", largest[i].line);
        lua_rawseti(call.L, -2, static_cast<int>(i) + 1);
    }
    lua_setfield(call.L, -2, "largest");
    return 1;
}

const std::vector<Declaration> memory_declarations = {
    {"hfc.memory", memory,
     "hfc.memory({largest = 10}) -> {tensors = count, bytes = number, largest = list}\n\n"
     "Returns the number and the total size of the tensors that Lua holds now, including those not "
     "yet garbage-collected. Memory that several tensors share is counted once, or once per tensor "
     "if it is below 64 KB.\n"
     "Tensors that a graph keeps for its backward pass are not counted.\n"
     "largest: with --debug, how many of the largest tensors to list, each as {bytes, tensor = "
     "\"Tensor float32 [2, 3]\", line = \"script.lua:12\"}, where line is the line of the script "
     "that made the tensor."},
};

}  // namespace

namespace detail {

void register_memory(lua_State* L) {
    declare(L, memory_declarations);
    TensorOrigins::record(debugging(L));
}

}  // namespace detail
}  // namespace hfc::lua
