// What some of LibTorch's operators do not check of their arguments, though it tells them where to
// read and write.
#pragma once

#include "bindings/torch/forms.h"

#include <ATen/core/stack.h>

#include <string>

namespace hfc::lua {

/// Looks at the arguments of a call, in the order of the form's parameters, before it is made.
/// Throws Error for those that would make the operator leave its tensors' memory. May replace
/// arguments by copies that nobody else holds.
using ArgumentCheck = void (*)(const Form& form, torch::jit::Stack& arguments);

/// The check of an operator, or nullptr.
ArgumentCheck find_argument_check(const std::string& name);

/// Whether the results of an operator must be copied: it hands out the very tensors that others
/// trust, such as the indices of a sparse tensor.
bool gives_trusted_tensors(const std::string& name);

}  // namespace hfc::lua
