// PyTorch's operators from the dispatcher, prepared for matching arguments.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <optional>
#include <string>
#include <vector>

namespace hfc::lua {

/// The properties of a schema's argument that are needed for matching, determined once.
struct Parameter {
    std::string name;
    const c10::Type* type;
    std::optional<int> list_length;  ///< for "int[2]"
    std::optional<c10::IValue> fallback;
    bool by_name_only;
    bool spreads;  ///< a list of integers of any length, which may be given as separate numbers
    bool is_reduction;                 ///< may be given as "mean", "sum" or "none"
    bool is_dimension;                 ///< the name of a dimension
    bool is_out;                       ///< receives a result; may be an element of {out = {...}}
    std::vector<const char*> aliases;  ///< its other names in Python
};

/// One overload.
struct Form {
    c10::OperatorHandle handle;
    std::vector<Parameter> parameters;
    int least = 0;                ///< the number of arguments without a default
    int most = 0;                 ///< the number of arguments that may be given by position
    bool spreads = false;         ///< whether one of the parameters spreads
    bool changes_nothing = true;  ///< no argument is written to
    bool row_of_tensors = false;  ///< meshgrid(x, y) means meshgrid({x, y})
    bool float_numbers = false;   ///< integers count as floating-point numbers
    bool returns_dtype = false;   ///< returns the number of a dtype, which Lua gets by name
    /// Whether the operator is a factory, such as zeros, rand or full. In Python, factories also
    /// accept requires_grad, which is not in their schemas.
    bool factory = false;
};

/// All overloads of one name, in the order in which they are tried.
struct Operator {
    std::string name;  ///< "torch.add", for messages
    std::vector<Form> forms;
    const char* refusal = nullptr;  ///< why the operator may not be called, or nullptr
    /// The checks that LibTorch lacks (argument_checks.h), or nullptr.
    void (*check)(const Form& form, torch::jit::Stack& arguments) = nullptr;
    bool sets_storage = false;    ///< the call may change the first argument's storage or size
    bool copies_results = false;  ///< it returns tensors on which other code relies
};

/// The operator with this name ("add"), or nullptr. Its address is valid until the process ends.
const Operator* find_operator(const std::string& name);

}  // namespace hfc::lua
