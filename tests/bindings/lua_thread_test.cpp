// Lua code that LibTorch's engine calls from threads of its own, as it does on a GPU. Here the
// threads are made by a backward function, while the script waits for the backward pass.
#include "bindings/runtime/lua_thread.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/state.h"
#include "bindings/torch/tensor.h"

#include <gmock/gmock.h>
#include <torch/csrc/autograd/custom_function.h>

#include <thread>

namespace hfc::lua {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Gives its input; its backward runs those of other tensors, each in a thread.
struct Elsewhere : torch::autograd::Function<Elsewhere> {
    static inline std::vector<at::Tensor> others;
    static at::Tensor forward(AutogradContext*, const at::Tensor& x) { return x.clone(); }
    static variable_list backward(AutogradContext*, const variable_list& gradients) {
        std::vector<std::thread> threads;
        for (const auto& other : others) {
            threads.emplace_back([other] { other.backward(); });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        return gradients;
    }
};

at::Tensor global_tensor(lua_State* L, const char* name) {
    lua_getglobal(L, name);
    const at::Tensor* tensor = to_tensor(L, -1);
    EXPECT_NE(tensor, nullptr) << name;
    const at::Tensor result = tensor != nullptr ? *tensor : at::Tensor();
    lua_pop(L, 1);
    return result;
}

double global_number(lua_State* L, const char* name) {
    lua_getglobal(L, name);
    const double result = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return result;
}

class LuaThread : public testing::Test {
  protected:
    void run(const char* text) { ASSERT_EQ(state->run(text, "test"), 0); }
    lua_State* L() { return state->get(); }
    void SetUp() override { state.emplace(whole_api()); }
    void TearDown() override { Elsewhere::others.clear(); }

    std::optional<State> state;
};

constexpr const char* make_losses = R"lua(
count, backwards = 0, 0
local Double = torch.autograd.Function {
  forward = function(ctx, x) ctx:save_for_backward(x) return x * 2 end,
  backward = function(ctx, gradient)
    local garbage = {}
    for i = 1, 500 do garbage[i] = {tostring(i)} end
    backwards = backwards + #ctx:saved_tensors().shape
    return gradient * 2
  end,
}
function make_loss()
  local x = torch.ones(4):requires_grad_()
  local y = Double(x)
  y:register_hook(function(gradient)
    local garbage = {}
    for i = 1, 500 do garbage[i] = {tostring(i)} end
    count = count + 1
    if count % 5 == 0 then
      -- A backward pass inside one: its thread gives its turn away in the midst of a hook.
      torch.enable_grad(function()
        local w = torch.ones(2):requires_grad_() * 3
        w:register_hook(function(g) return g + 0 end)
        w:sum():backward()
      end)
    end
    return gradient + 0
  end)
  return y:sum()
end
)lua";

TEST_F(LuaThread, ManyThreadsCallHooksAndBackwardFunctions) {
    run(make_losses);
    for (int round = 0; round < 20; ++round) {
        Elsewhere::others.clear();
        for (int i = 0; i < 8; ++i) {
            run("loss = make_loss()");
            Elsewhere::others.push_back(global_tensor(L(), "loss"));
        }
        run("x = torch.ones(2):requires_grad_()");
        push(L(), Elsewhere::apply(global_tensor(L(), "x")));
        lua_setglobal(L(), "waiting");
        run("waiting:register_hook(function(g) return g * 5 end)\n"
            "waiting:sum():backward() assert(x.grad[0]:item() == 5)\n"
            "loss, waiting, x = nil, nil, nil");
    }
    EXPECT_EQ(global_number(L(), "count"), 160);
    EXPECT_EQ(global_number(L(), "backwards"), 160);
}

TEST_F(LuaThread, AnErrorInAnotherThreadReachesTheScript) {
    run("loss = torch.ones(1):requires_grad_() * 2\n"
        "loss:register_hook(function() error('from afar') end)\n"
        "x = torch.ones(2):requires_grad_()");
    const auto loss = global_tensor(L(), "loss");
    std::string said;
    {
        const Turn turn;
        const TurnGiven given;
        std::thread([&] {
            try {
                loss.backward();
            } catch (const std::exception& error) {
                said = error.what();
            }
        }).join();
    }
    EXPECT_THAT(said, testing::HasSubstr("from afar"));
    run("local y = x * 2 y:register_hook(function(g) return g end) y:sum():backward()");
}

TEST_F(LuaThread, WhatAnotherThreadDropsIsFreedLater) {
    run("kept = setmetatable({}, {__mode = 'k'})\n"
        "do local f = function() end kept[f] = true\n"
        "  loss = torch.ones(1):requires_grad_() * 2 loss:register_hook(f) end");
    auto loss = global_tensor(L(), "loss");
    run("loss = nil collectgarbage() assert(next(kept))");
    std::thread([&loss] { loss = at::Tensor(); }).join();
    run("local x = torch.ones(1):requires_grad_() * 2 x:register_hook(function() end)\n"
        "collectgarbage() collectgarbage() assert(not next(kept))");
}

TEST_F(LuaThread, AHookOutlivesItsState) {
    run("loss = torch.ones(1):requires_grad_() * 2 loss:register_hook(function() end)");
    auto loss = global_tensor(L(), "loss");
    state.reset();
    EXPECT_THROW(loss.backward(), std::exception);
    loss = at::Tensor();
}

}  // namespace
}  // namespace hfc::lua
