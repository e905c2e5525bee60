// torch.optim: what its files share.
#pragma once

#include "bindings/runtime/call.h"
#include "bindings/runtime/types.h"
#include "optim/optimizer.h"

#include <memory>

namespace hfc::lua {

using OptimizerPtr = std::shared_ptr<optim::Optimizer>;

/// A view of one group, under the name it has in PyTorch: optimizer.param_groups[1].lr = 0.1.
struct ParameterGroupView {
    OptimizerPtr optimizer;
    size_t position;
};

template <>
inline constexpr const char* type_name<OptimizerPtr> = "Optimizer";
template <>
inline constexpr const char* type_name<ParameterGroupView> = "ParameterGroup";

/// Reads the settings that the optimizer has into `optimizer`, `betas = {0.9, 0.999}` included;
/// what is not given stays.
void read_optimizer_options(Options& options, optim::OptimizerOptions& optimizer);

/// The two settings of a pair such as "betas", or nothing.
std::vector<optim::OptimizerSetting> settings_of_pair(const optim::OptimizerOptions& options,
                                                      const std::string& name);

/// Sets the fields of the table on the top of the stack to the settings, in Python's form.
void set_setting_fields(lua_State* L, const optim::OptimizerOptions& options);

/// "Adam" of "adam".
std::string class_name(const optim::OptimizerOptions& options);

namespace detail {
void register_optim_state(lua_State* L);
void register_parameter_groups(lua_State* L);
void register_schedules(lua_State* L);
void register_gradients(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
