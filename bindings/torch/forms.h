// PyTorch's operators as the dispatcher knows them, made ready for matching arguments.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <optional>
#include <string>
#include <vector>

namespace hfc::lua {

/// What matching asks of one argument of a schema, found out once.
struct Parameter {
    std::string name;
    const c10::Type* type;
    std::optional<int> list_length;  ///< of "int[2]"
    std::optional<c10::IValue> fallback;
    bool by_name_only;
    bool spreads;       ///< a list of integers of any length: may be given as numbers in a row
    bool is_reduction;  ///< may be given as "mean", "sum" or "none"
    bool is_dimension;  ///< the name of a dimension
    bool is_out;        ///< takes a result, also as an element of {out = {...}}
    std::vector<const char*> aliases;  ///< Python's other names of it
};

/// One overload.
struct Form {
    c10::OperatorHandle handle;
    std::vector<Parameter> parameters;
    int least = 0;                ///< arguments without a default
    int most = 0;                 ///< arguments that may be given by position
    bool spreads = false;         ///< one of the parameters does
    bool changes_nothing = true;  ///< no argument is written to
    bool row_of_tensors = false;  ///< meshgrid(x, y) means meshgrid({x, y})
    bool float_numbers = false;   ///< whole numbers count as floating ones
    bool returns_dtype = false;   ///< the number of one, which Lua gets by name
    bool factory = false;         ///< zeros, rand, full and their like, which in Python also take
                                  ///< requires_grad; the operators do not
};

/// All overloads of one name, in the order in which they are tried.
struct Operator {
    std::string name;  ///< "torch.add", for messages
    std::vector<Form> forms;
    const char* refusal = nullptr;  ///< why it may not be called
    /// What LibTorch does not check of its arguments (argument_checks.h), or nullptr.
    void (*check)(const Form& form, torch::jit::Stack& arguments) = nullptr;
    bool sets_storage = false;    ///< the first argument may have another storage, or size, then
    bool copies_results = false;  ///< it hands out tensors that others trust
};

/// The operator of a name ("add"), or nullptr. It stays where it is for the life of the process.
const Operator* find_operator(const std::string& name);

}  // namespace hfc::lua
