// States of optimizers and schedules as tables: those of state_dict(), and those that torch.load
// reads from Python's files.
#pragma once

#include "bindings/runtime/call.h"

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::lua {

/// A value of such a table. Numbers may be numbers or Tensors without dimensions; the keys of
/// lists may be numbers or strings, from 0 or from 1; a table with dotted names, "state.0.step", is
/// read as the nested one.
class StateTree {
  public:
    /// Throws Error for a value that is no table, and for functions and other objects in it.
    static StateTree read(lua_State* L, int index);

    bool is_table() const { return table_; }
    bool is_tensor() const { return tensor_.defined(); }
    const at::Tensor& tensor() const { return tensor_; }
    std::optional<double> number() const;
    std::optional<bool> flag() const;
    std::optional<std::string> text() const { return text_; }

    /// The field of that name, or nullptr.
    const StateTree* find(const std::string& name) const;
    /// The fields, in the order of their keys: "2" before "10".
    const std::vector<std::pair<std::string, StateTree>>& fields() const { return fields_; }

    /// The same without tensors of more than one number, which throw Error.
    nlohmann::ordered_json to_json() const;

  private:
    static StateTree read_value(lua_State* L, int index, int depth);
    void add(const std::string& path, StateTree value);
    /// Sorts the fields, and finds whether they are a list that counts from `first`.
    void sort(size_t first);
    void sort_dotted();

    bool table_ = false;
    bool dotted_ = false;  ///< made from dotted names
    bool list_ = false;    ///< its keys are 1 .. n, or "0" .. "n - 1"
    at::Tensor tensor_;
    std::optional<double> number_;
    std::optional<bool> flag_;
    std::optional<std::string> text_;
    std::vector<std::pair<std::string, StateTree>> fields_;
};

/// Pushes a value; the fields of an object whose names are whole numbers get number keys.
void push_json(lua_State* L, const nlohmann::ordered_json& value, bool null_is_nan = false);

}  // namespace hfc::lua
