// Network parameters as function arguments.
#pragma once

#include "bindings/runtime/call.h"

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace hfc::lua {

struct Parameters {
    std::vector<at::Tensor> tensors;
    std::vector<std::string> names;  ///< one per parameter, or none
};

/// Reads a list of Tensors or of pairs {name, Tensor}, or the result of net:named_parameters().
/// Throws Error for anything else, and for a list with holes.
Parameters read_parameters(lua_State* L, const Value& value);

/// Like read_parameters, but also accepts a single Tensor or a network.
Parameters read_parameters_or_network(lua_State* L, const Value& value);

}  // namespace hfc::lua
