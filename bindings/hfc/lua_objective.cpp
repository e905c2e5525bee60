#include "bindings/hfc/lua_objective.h"

#include "base/error.h"
#include "base/utf8.h"
#include "bindings/runtime/code.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/lua_thread.h"
#include "bindings/torch/tensor.h"
#include "data/checksum.h"

#include <ATen/ATen.h>

namespace hfc::lua {
namespace {

checkpoint::Json describe_code(const std::string& code) {
    data::Checksum checksum;
    checksum.add(code);
    return {{"function", checksum.text()}};
}

/// A term of the loss: a number, or a Tensor of one element.
at::Tensor read_term(lua_State* L, int index, const std::string& name) {
    if (lua_type(L, index) == LUA_TNUMBER) {
        return at::scalar_tensor(lua_tonumber(L, index), at::kDouble);
    }
    const at::Tensor* tensor = to_tensor(L, index);
    require(tensor != nullptr && tensor->defined() && tensor->numel() == 1,
            "option 'loss': the term '{}' must be a number or a Tensor with one element, got {}",
            name, describe(L, index));
    return tensor->detach().reshape({});
}

class LuaObjective : public train::Objective {
  public:
    LuaObjective(lua_State* L, int model) : code_(code_of(L)), function_(L) {
        lua_pushvalue(L, model);
        model_ = Reference(L);
    }

    train::Loss loss(model::Model&, const train::TrainingBatch& batch) override {
        const Turn turn(function_);
        lua_State* L = turn.state();
        const int top = lua_gettop(L);
        require(lua_checkstack(L, 12) != 0, "calls to loss functions are nested too deeply");
        function_.push(L);
        model_.push(L);
        push(L, batch.images);
        push_labels(L, batch.labels);
        push_step(L, batch);
        protected_call(L, 4, 2);
        train::Loss loss;
        const at::Tensor* total = to_tensor(L, top + 1);
        require(
            total != nullptr,
            "option 'loss': the function must return the loss as a Tensor with one element, got {}",
            describe(L, top + 1));
        loss.total = *total;
        read_terms(L, top + 2, loss);
        lua_settop(L, top);
        return loss;
    }

    checkpoint::Json describe() const override { return describe_code(code_); }
    bool runs_script() const override { return true; }

  private:
    using Objective::Objective;

    static std::string describe(lua_State* L, int index) { return lua::describe(L, index); }

    static void push_labels(lua_State* L, const at::Tensor& labels) {
        if (labels.defined()) {
            push(L, labels);
        } else {
            lua_pushnil(L);
        }
    }

    static void push_step(lua_State* L, const train::TrainingBatch& batch) {
        lua_createtable(L, 0, 4);
        set_field(L, "epoch", batch.draw.epoch);
        set_field(L, "step", batch.step);
        set_field(L, "samples", batch.samples);
        if (!batch.targets.empty()) {
            set_field(L, "targets", batch.targets);
        }
    }

    static void read_terms(lua_State* L, int index, train::Loss& loss) {
        if (lua_isnil(L, index)) {
            return;
        }
        require(lua_istable(L, index),
                "option 'loss': the function's second result, if any, must be a table "
                "{{term = value}}, got {}",
                describe(L, index));
        for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
            require(lua_type(L, -2) == LUA_TSTRING,
                    "option 'loss': expected names as keys in the table of terms, got {}",
                    describe(L, -2));
            const std::string name = lua_tostring(L, -2);
            loss.terms.emplace_back(to_utf8(name), read_term(L, lua_gettop(L), name));
        }
        std::ranges::sort(loss.terms, {}, &std::pair<std::string, at::Tensor>::first);
    }

    std::string code_;
    Reference function_;
    Reference model_;
};

class LuaSchedule : public train::RateSchedule {
  public:
    explicit LuaSchedule(lua_State* L) : code_(code_of(L)), function_(L) {}

    double factor(const train::Moment& moment) const override {
        const Turn turn(function_);
        lua_State* L = turn.state();
        const int top = lua_gettop(L);
        function_.push(L);
        push(L, moment.step / moment.steps_per_epoch + 1);
        push(L, moment.step + 1);
        protected_call(L, 2, 1);
        require(lua_type(L, -1) == LUA_TNUMBER,
                "option 'schedule': the function must return the factor as a number, got {}",
                lua::describe(L, -1));
        const double factor = lua_tonumber(L, -1);
        lua_settop(L, top);
        return factor;
    }

    checkpoint::Json describe(int64_t) const override { return describe_code(code_); }

  private:
    std::string code_;
    Reference function_;
};

class LuaMetric : public train::Metric {
  public:
    LuaMetric(lua_State* L, const std::string& name)
        : Metric(name), code_(code_of(L)), function_(L) {}

    double value(const at::Tensor& logits, const at::Tensor& labels) const override {
        const Turn turn(function_);
        lua_State* L = turn.state();
        const int top = lua_gettop(L);
        function_.push(L);
        push(L, logits.clone());
        push(L, labels.clone());
        protected_call(L, 2, 1);
        const at::Tensor* tensor = to_tensor(L, top + 1);
        const bool one = tensor != nullptr && tensor->defined() && tensor->numel() == 1;
        require(one || lua_type(L, top + 1) == LUA_TNUMBER,
                "option 'metrics': the function '{}' must return a number or a Tensor with one "
                "element, got {}",
                name(), describe(L, top + 1));
        const double value = one ? tensor->item().toDouble() : lua_tonumber(L, top + 1);
        lua_settop(L, top);
        return value;
    }

    checkpoint::Json describe() const override { return {to_utf8(name()), describe_code(code_)}; }

  private:
    static std::string describe(lua_State* L, int index) { return lua::describe(L, index); }

    std::string code_;
    Reference function_;
};

}  // namespace

train::ObjectivePtr make_lua_objective(lua_State* L, int model) {
    return std::make_shared<LuaObjective>(L, model);
}

train::MetricPtr make_lua_metric(lua_State* L, const std::string& name) {
    return std::make_shared<LuaMetric>(L, name);
}

train::RateSchedulePtr make_lua_schedule(lua_State* L) {
    return std::make_shared<LuaSchedule>(L);
}

}  // namespace hfc::lua
