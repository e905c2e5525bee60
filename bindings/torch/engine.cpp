// The engine for backward passes, with hooks and backward functions in Lua.
#include "bindings/runtime/lua_thread.h"
#include "bindings/torch/register.h"

#include <torch/csrc/autograd/engine.h>

namespace hfc::lua {
namespace {

using torch::autograd::Engine;

/// While a thread waits for a backward pass, it lets the device threads of the engine run Lua,
/// because these threads call hooks and backward functions written in Lua. All backward passes use
/// this engine, including those that the core starts.
class LuaEngine : public Engine {
  public:
    LuaEngine() = default;
    ~LuaEngine() override { stop(); }
    LuaEngine(const LuaEngine&) = delete;
    LuaEngine& operator=(const LuaEngine&) = delete;

    torch::autograd::variable_list execute(const torch::autograd::edge_list& roots,
                                           const torch::autograd::variable_list& inputs,
                                           bool keep_graph, bool create_graph, bool accumulate_grad,
                                           const torch::autograd::edge_list& outputs) override {
        const TurnGiven others;
        return Engine::execute(roots, inputs, keep_graph, create_graph, accumulate_grad, outputs);
    }
};

Engine& lua_engine() {
    static LuaEngine engine;
    return engine;
}

}  // namespace

namespace detail {

void register_engine() {
    torch::autograd::set_default_engine_stub(lua_engine);
}

}  // namespace detail
}  // namespace hfc::lua
