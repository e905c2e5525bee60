// The states of optimizers and schedules as tables: the results of state_dict(), and the tables
// that torch.load reads from files saved in Python.
#pragma once

#include "bindings/runtime/call.h"

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::lua {

/// A value in a state table. Numbers may also be given as Tensors without dimensions. The keys of
/// lists may be numbers or strings that start at 0 or 1. A table with dotted names, such as
/// "state.0.step", is read as a nested table.
class StateTree {
  public:
    /// Throws Error for a value that is not a table, and for a table that contains functions or
    /// other objects.
    static StateTree read(lua_State* L, int index);

    bool is_table() const { return table_; }
    bool is_tensor() const { return tensor_.defined(); }
    const at::Tensor& tensor() const { return tensor_; }
    std::optional<double> number() const;
    std::optional<bool> flag() const;
    std::optional<std::string> text() const { return text_; }

    /// The field with this name, or nullptr.
    const StateTree* find(const std::string& name) const;
    /// The fields in the order of their keys, with "2" before "10".
    const std::vector<std::pair<std::string, StateTree>>& fields() const { return fields_; }

    /// The value as JSON; throws Error for tensors with more than one number.
    nlohmann::ordered_json to_json() const;

  private:
    static StateTree read_value(lua_State* L, int index, int depth);
    void add(const std::string& path, StateTree value);
    /// Sorts the fields, and determines whether they are a list that starts at `first`.
    void sort(size_t first);
    void sort_dotted();

    bool table_ = false;
    bool dotted_ = false;  ///< whether it was made from dotted names
    bool list_ = false;    ///< whether its keys are 1 .. n, or "0" .. "n - 1"
    at::Tensor tensor_;
    std::optional<double> number_;
    std::optional<bool> flag_;
    std::optional<std::string> text_;
    std::vector<std::pair<std::string, StateTree>> fields_;
};

/// Pushes a value. In objects, field names that are integers become number keys.
void push_json(lua_State* L, const nlohmann::ordered_json& value, bool null_is_nan = false);

}  // namespace hfc::lua
