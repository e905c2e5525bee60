// Argument checks missing from some LibTorch operators whose arguments determine where they read
// and write.
#pragma once

#include "bindings/torch/forms.h"

#include <ATen/core/stack.h>

#include <string>

namespace hfc::lua {

/// Checks the arguments of a call, in the order of the overload's parameters, before the call.
/// Throws Error for arguments that would make the operator access memory outside its tensors. May
/// replace arguments with copies that nothing else refers to.
using ArgumentCheck = void (*)(const Form& form, torch::jit::Stack& arguments);

/// The check for an operator, or nullptr.
ArgumentCheck find_argument_check(const std::string& name);

/// Whether the results of an operator must be copied, because it returns tensors on which other
/// code relies, such as the indices of a sparse tensor.
bool gives_trusted_tensors(const std::string& name);

}  // namespace hfc::lua
