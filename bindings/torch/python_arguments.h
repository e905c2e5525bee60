// Arguments in the style of Python's functions: by position, or by name in a table at the end.
#pragma once

#include "bindings/runtime/call.h"

#include <optional>
#include <string>
#include <vector>

namespace hfc::lua {

/// Reads the arguments of a function, given the names of its parameters in order. Throws Error for
/// unknown names, too many arguments, and missing arguments that have no default.
class PythonArguments {
  public:
    PythonArguments(Call& call, std::vector<const char*> names);

    bool given(const char* name) { return find(name).has_value(); }
    /// The argument as a value on the stack.
    Value value(const char* name);

    double number(const char* name) { return value(name).number(); }
    double number(const char* name, double fallback);
    int64_t integer(const char* name) { return value(name).integer(); }
    int64_t integer(const char* name, int64_t fallback);
    bool boolean(const char* name, bool fallback);
    std::string text(const char* name, const std::string& fallback);
    std::vector<double> numbers(const char* name) { return value(name).numbers(); }
    std::vector<double> numbers(const char* name, std::vector<double> fallback);
    std::vector<int64_t> integers(const char* name);

  private:
    std::optional<Value> find(const char* name);

    lua_State* L_;
    std::vector<const char*> names_;
    int positional_;
    int table_ = 0;  ///< the stack index of the table of names, or 0
};

}  // namespace hfc::lua
