// Common parts of the files for torch.optim.
#pragma once

#include "bindings/runtime/call.h"
#include "bindings/runtime/types.h"
#include "optim/optimizer.h"

#include <memory>

namespace hfc::lua {

using OptimizerPtr = std::shared_ptr<optim::Optimizer>;

/// A reference to one parameter group, as in PyTorch: optimizer.param_groups[1].lr = 0.1.
struct ParameterGroupView {
    OptimizerPtr optimizer;
    size_t position;
};

template <>
inline constexpr const char* type_name<OptimizerPtr> = "Optimizer";
template <>
inline constexpr const char* type_name<ParameterGroupView> = "ParameterGroup";

/// Reads the options of the optimizer into `optimizer`, including `betas = {0.9, 0.999}`; unset
/// options keep their values.
void read_optimizer_options(Options& options, optim::OptimizerOptions& optimizer);

/// The two options of a pair such as "betas", or nothing.
std::vector<optim::OptimizerSetting> settings_of_pair(const optim::OptimizerOptions& options,
                                                      const std::string& name);

/// Sets the fields of the table on the top of the stack to the options, in Python's format.
void set_setting_fields(lua_State* L, const optim::OptimizerOptions& options);

/// Converts "adam" to "Adam".
std::string class_name(const optim::OptimizerOptions& options);

namespace detail {
void register_optim_state(lua_State* L);
void register_parameter_groups(lua_State* L);
void register_schedules(lua_State* L);
void register_gradients(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
