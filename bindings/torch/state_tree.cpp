#include "bindings/torch/state_tree.h"

#include "base/natural_order.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace hfc::lua {
namespace {

constexpr int deepest_state = 32;

std::optional<int64_t> whole_number(const std::string& text) {
    int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

/// The key at `index` as a string. An integer is written without a decimal point.
std::string state_key(lua_State* L, int index) {
    require(lua_type(L, index) == LUA_TSTRING || lua_type(L, index) == LUA_TNUMBER,
            "a state's keys must be strings or numbers, got {}", describe(L, index));
    return lua_type(L, index) == LUA_TSTRING ? Value(L, index, "key").text()
                                             : fmt::format("{}", lua_tonumber(L, index));
}

}  // namespace

StateTree StateTree::read(lua_State* L, int index) {
    require(lua_istable(L, index), "expected a table as returned by state_dict(), got {}",
            describe(L, index));
    StateTree tree = read_value(L, index, 0);
    const bool dotted = std::ranges::any_of(
        tree.fields_, [](const auto& field) { return field.first.find('.') != std::string::npos; });
    if (!dotted) {
        return tree;
    }
    StateTree nested;
    nested.table_ = nested.dotted_ = true;
    for (auto& [path, value] : tree.fields_) {
        nested.add(path, std::move(value));
    }
    nested.sort_dotted();
    return nested;
}

StateTree StateTree::read_value(lua_State* L, int index, int depth) {
    require(depth < deepest_state,
            "the state is nested more than {} levels deep or contains itself", deepest_state);
    luaL_checkstack(L, 8, "a state with too many levels");
    StateTree tree;
    if (const at::Tensor* tensor = to_tensor(L, index)) {
        tree.tensor_ = *tensor;
        return tree;
    }
    switch (lua_type(L, index)) {
        case LUA_TNUMBER:
            tree.number_ = lua_tonumber(L, index);
            return tree;
        case LUA_TBOOLEAN:
            tree.flag_ = lua_toboolean(L, index) != 0;
            return tree;
        case LUA_TSTRING:
            tree.text_ = Value(L, index, "value").text();
            return tree;
        case LUA_TTABLE:
            break;
        default:
            fail(
                "a state may contain only tensors, numbers, booleans, strings and tables, got "
                "{}",
                describe(L, index));
    }
    tree.table_ = true;
    bool numbered = true;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        const int top = lua_gettop(L);
        numbered = numbered && lua_type(L, top - 1) == LUA_TNUMBER;
        tree.fields_.emplace_back(state_key(L, top - 1), read_value(L, top, depth + 1));
        lua_settop(L, top - 1);
    }
    tree.sort(numbered ? 1 : 0);
    return tree;
}

void StateTree::add(const std::string& path, StateTree value) {
    const size_t dot = path.find('.');
    const std::string name = path.substr(0, dot);
    auto found = std::ranges::find(fields_, name, [](const auto& field) { return field.first; });
    if (found == fields_.end()) {
        found = fields_.emplace(fields_.end(), name, StateTree());
        found->second.table_ = found->second.dotted_ = dot != std::string::npos;
    }
    if (dot == std::string::npos) {
        found->second = std::move(value);
    } else {
        found->second.add(path.substr(dot + 1), std::move(value));
    }
}

void StateTree::sort(size_t first) {
    std::ranges::sort(fields_,
                      [](const auto& a, const auto& b) { return natural_less(a.first, b.first); });
    list_ = first > 0 || !fields_.empty();
    for (size_t i = 0; i < fields_.size(); ++i) {
        list_ = list_ && fields_[i].first == std::to_string(first + i);
    }
}

void StateTree::sort_dotted() {
    sort(0);
    for (auto& [name, value] : fields_) {
        if (value.dotted_) {
            value.sort_dotted();
        }
    }
}

std::optional<double> StateTree::number() const {
    if (tensor_.defined() && tensor_.numel() == 1) {
        return tensor_.item<double>();
    }
    return number_;
}

std::optional<bool> StateTree::flag() const {
    if (tensor_.defined() && tensor_.numel() == 1) {
        return tensor_.item<bool>();
    }
    return flag_;
}

const StateTree* StateTree::find(const std::string& name) const {
    const auto found =
        std::ranges::find(fields_, name, [](const auto& field) { return field.first; });
    return found == fields_.end() ? nullptr : &found->second;
}

nlohmann::ordered_json StateTree::to_json() const {
    if (tensor_.defined()) {
        require(tensor_.numel() == 1, "a schedule's state may contain only numbers, got a {}",
                describe_tensor(tensor_));
        if (tensor_.scalar_type() == at::kBool) {
            return tensor_.item<bool>();
        }
        return tensor_.item<double>();
    }
    if (!table_) {
        return number_ ? nlohmann::ordered_json(*number_)
               : flag_ ? nlohmann::ordered_json(*flag_)
                       : nlohmann::ordered_json(*text_);
    }
    nlohmann::ordered_json result =
        list_ ? nlohmann::ordered_json::array() : nlohmann::ordered_json::object();
    for (const auto& [name, value] : fields_) {
        if (list_) {
            result.push_back(value.to_json());
        } else {
            result[name] = value.to_json();
        }
    }
    return result;
}

void push_json(lua_State* L, const nlohmann::ordered_json& value, bool null_is_nan) {
    luaL_checkstack(L, 8, "a state with too many levels");
    if (value.is_boolean()) {
        push(L, value.get<bool>());
    } else if (value.is_number()) {
        push(L, value.get<double>());
    } else if (value.is_string()) {
        push(L, value.get<std::string>());
    } else if (value.is_null()) {
        null_is_nan ? push(L, std::nan("")) : lua_pushnil(L);
    } else if (value.is_array()) {
        lua_newtable(L);
        for (size_t i = 0; i < value.size(); ++i) {
            push_json(L, value[i], null_is_nan);
            lua_rawseti(L, -2, static_cast<int>(i) + 1);
        }
    } else {
        lua_newtable(L);
        for (const auto& [name, field] : value.items()) {
            const auto number = whole_number(name);
            number ? push(L, *number) : push(L, name);
            push_json(L, field, null_is_nan);
            lua_rawset(L, -3);
        }
    }
}

}  // namespace hfc::lua
