// The states of optimizers and schedules as tables: the results of state_dict(), and those that
// torch.load reads from Python's files.
#pragma once

#include "bindings/runtime/call.h"

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::lua {

/// A value in such a table. Numbers may be numbers or Tensors without dimensions, the keys of lists
/// may be numbers or strings that start at 0 or 1, and a table with dotted names, such as
/// "state.0.step", is read as the nested one.
class StateTree {
  public:
    /// Throws Error for a value that is not a table, and for one that contains functions or other
    /// objects.
    static StateTree read(lua_State* L, int index);

    bool is_table() const { return table_; }
    bool is_tensor() const { return tensor_.defined(); }
    const at::Tensor& tensor() const { return tensor_; }
    std::optional<double> number() const;
    std::optional<bool> flag() const;
    std::optional<std::string> text() const { return text_; }

    /// The field of that name, or nullptr.
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

/// Pushes a value; if the names of an object's fields are integers, the keys are numbers.
void push_json(lua_State* L, const nlohmann::ordered_json& value, bool null_is_nan = false);

}  // namespace hfc::lua
