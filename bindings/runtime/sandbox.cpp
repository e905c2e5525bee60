#include "bindings/runtime/sandbox.h"

#include "base/file.h"
#include "bindings/runtime/registry.h"
#include "bindings/runtime/state.h"
#include "sandbox/writes.h"

#include <stdexcept>

namespace hfc::lua {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t largest_module = uint64_t{16} << 20;

/// Returns the text of a file in the script's directory, or nil if there is none. A link to a file
/// outside the directory does not count.
int read_module(Call& call) {
    const auto& script = host_info(call.L).script;
    std::error_code error;
    const auto folder =
        fs::canonical(script.has_parent_path() ? script.parent_path() : fs::path("."), error);
    const auto path =
        error ? fs::path() : fs::canonical(folder / call.argument(1, "file").text(), error);
    const bool inside = !error && sandbox::lies_within(path, folder);
    if (script.empty() || !inside) {
        lua_pushnil(call.L);
        return 1;
    }
    return call.returns(read_file(path, largest_module));
}

const Declaration read_module_declaration = {"require", read_module, ""};

}  // namespace

void enter_sandbox(lua_State* L) {
    lua_getfield(L, LUA_REGISTRYINDEX, "hfc.sandbox");
    push_function(L, read_module_declaration);
    if (lua_pcall(L, 1, 0, 0) != 0) {
        throw std::runtime_error(std::string("the sandbox could not be set up: ") +
                                 lua_tostring(L, -1));
    }
}

}  // namespace hfc::lua
