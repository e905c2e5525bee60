#include "bindings/torch/operators.h"

#include "bindings/runtime/registry.h"
#include "bindings/torch/convert.h"
#include "bindings/torch/tensor.h"

#include "base/interrupt.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <unordered_map>

namespace hfc::lua {
namespace {

/// All overloads of one name, in the order in which they are tried.
struct Operator {
    std::string name;  ///< "torch.add", for messages
    std::vector<c10::OperatorHandle> overloads;
};

using OverloadNames = std::unordered_map<std::string, std::vector<std::string>>;

/// The dispatcher's ATen operators: name -> overload names. Read once, at the first use of an operator.
const OverloadNames& overload_names() {
    static const OverloadNames names = [] {
        OverloadNames all;
        for (const auto& operator_name : c10::Dispatcher::singleton().getAllOpNames()) {
            if (operator_name.name.starts_with("aten::")) {
                all[operator_name.name.substr(6)].push_back(operator_name.overload_name);
            }
        }
        return all;
    }();
    return names;
}

/// The plain form first, tensors before numbers (as the argument parser of Python's PyTorch orders them), forms with `out` last.
int rank(const c10::OperatorHandle& handle) {
    const auto& schema = handle.schema();
    const auto& overload = schema.overload_name();
    const auto is_out = [](const c10::Argument& argument) { return argument.is_out(); };
    const bool has_out = std::any_of(schema.arguments().begin(), schema.arguments().end(), is_out);
    return (has_out ? 100 : 0) + (overload.empty() ? 0 : overload.starts_with("Tensor") ? 1 : overload.starts_with("Scalar") ? 2 : 3);
}

const Operator* find_operator(const std::string& name) {
    static std::unordered_map<std::string, Operator> found;
    if (const auto known = found.find(name); known != found.end()) {
        return &known->second;
    }
    const auto overloads = overload_names().find(name);
    if (overloads == overload_names().end()) {
        return nullptr;
    }
    Operator result = {"torch." + name, {}};
    for (const auto& overload : overloads->second) {
        const auto handle = c10::Dispatcher::singleton().findSchema({"aten::" + name, overload});
        if (handle && is_callable(handle->schema())) {
            result.overloads.push_back(*handle);
        }
    }
    std::sort(result.overloads.begin(), result.overloads.end(), [](const auto& a, const auto& b) {
        return std::make_pair(rank(a), a.schema().overload_name()) < std::make_pair(rank(b), b.schema().overload_name());
    });
    return &found.emplace(name, std::move(result)).first->second;
}

/// Where the arguments of a call stand on the stack.
struct Arguments {
    int first;       ///< index of the first positional one
    int positional;  ///< their number
    int named;       ///< index of the trailing table of named ones, or 0
};

/// A table that has string keys only gives arguments by name.
bool is_named_table(lua_State* L, int index) {
    if (!lua_istable(L, index) || lua_objlen(L, index) > 0) {
        return false;
    }
    lua_pushnil(L);
    if (lua_next(L, index) == 0) {
        return false;
    }
    const bool by_name = lua_type(L, -2) == LUA_TSTRING;
    lua_pop(L, 2);
    return by_name;
}

Arguments locate(lua_State* L, int first, int count) {
    if (count > 0 && is_named_table(L, first + count - 1)) {
        return {first, count - 1, first + count - 1};
    }
    return {first, count, 0};
}

int count_named(lua_State* L, int table) {
    int count = 0;
    if (table != 0) {
        lua_pushnil(L);
        while (lua_next(L, table) != 0) {
            lua_pop(L, 1);
            ++count;
        }
    }
    return count;
}

/// torch.zeros(2, 3) means torch.zeros({2, 3}): numbers at the end stand for a list of integers of any length.
bool takes_trailing_integers(const c10::Argument& argument) {
    const auto& type = *argument.real_type();
    if (type.kind() != c10::TypeKind::ListType || argument.N()) {
        return false;
    }
    const auto element = type.castRaw<c10::ListType>()->getElementType()->kind();
    return element == c10::TypeKind::IntType || element == c10::TypeKind::SymIntType;
}

/// Fills `stack` with the arguments as the schema asks; false where they do not fit.
bool match(lua_State* L, const c10::FunctionSchema& schema, const Arguments& given, bool numbers_as_tensors, torch::jit::Stack& stack) {
    stack.clear();
    int next = 0;
    int named_left = count_named(L, given.named);
    for (const auto& argument : schema.arguments()) {
        const auto length = argument.N() ? std::optional<int>(*argument.N()) : std::nullopt;
        std::optional<c10::IValue> value;
        if (!argument.kwarg_only() && next < given.positional) {
            const int index = given.first + next;
            if (lua_type(L, index) == LUA_TNUMBER && takes_trailing_integers(argument)) {
                lua_createtable(L, given.positional - next, 0);
                for (int i = 1; next < given.positional; ++next, ++i) {
                    lua_pushvalue(L, given.first + next);
                    lua_rawseti(L, -2, i);
                }
                value = to_ivalue(L, lua_gettop(L), *argument.real_type(), length, false);
                lua_pop(L, 1);
            } else {
                value = to_ivalue(L, index, *argument.real_type(), length, numbers_as_tensors);
                ++next;
            }
        } else if (given.named != 0) {
            lua_getfield(L, given.named, argument.name().c_str());
            if (!lua_isnil(L, -1)) {
                value = to_ivalue(L, lua_gettop(L), *argument.real_type(), length, numbers_as_tensors);
                --named_left;
                lua_pop(L, 1);
                if (!value) {
                    return false;
                }
            } else {
                lua_pop(L, 1);
                value = argument.default_value();
            }
        } else {
            value = argument.default_value();
        }
        if (!value) {
            return false;
        }
        stack.push_back(std::move(*value));
    }
    return next == given.positional && named_left == 0;
}

std::string describe_value(lua_State* L, int index) {
    const at::Tensor* tensor = to_tensor(L, index);
    return tensor != nullptr ? describe_tensor(*tensor) : describe(L, index);
}

[[noreturn]] void no_match(lua_State* L, const Operator& op, const Arguments& given) {
    std::vector<std::string> shown;
    for (int i = 0; i < given.positional; ++i) {
        shown.push_back(describe_value(L, given.first + i));
    }
    if (given.named != 0) {
        lua_pushnil(L);
        while (lua_next(L, given.named) != 0) {
            shown.push_back(fmt::format("{} = {}", lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : describe(L, -2),
                                        describe_value(L, lua_gettop(L))));
            lua_pop(L, 1);
        }
    }
    std::string signatures;
    for (const auto& overload : op.overloads) {
        signatures += fmt::format("\n  {}", c10::toString(overload.schema()));
    }
    fail("no form takes ({}); the forms are:{}", fmt::join(shown, ", "), signatures);
}

int call(lua_State* L, const Operator& op, const Arguments& given) {
    torch::jit::Stack stack;
    for (const bool numbers_as_tensors : {false, true}) {
        for (const auto& overload : op.overloads) {
            if (match(L, overload.schema(), given, numbers_as_tensors, stack)) {
                overload.callBoxed(stack);
                luaL_checkstack(L, static_cast<int>(stack.size()) + 4, "too many results");
                for (const auto& result : stack) {
                    push_ivalue(L, result);
                }
                return static_cast<int>(stack.size());
            }
        }
    }
    no_match(L, op, given);
}

int operator_trampoline(lua_State* L) {
    const auto& op = *static_cast<const Operator*>(lua_touserdata(L, lua_upvalueindex(1)));
    return guarded(L, op.name.c_str(), [&] {
        check_interrupt();
        return call(L, op, locate(L, 1, lua_gettop(L)));
    });
}

}  // namespace

bool push_operator(lua_State* L, const std::string& name) {
    const Operator* op = find_operator(name);
    if (op == nullptr || op->overloads.empty()) {
        return false;
    }
    lua_pushlightuserdata(L, const_cast<Operator*>(op));
    lua_pushcclosure(L, operator_trampoline, 1);
    remember_function(L, op->name);
    return true;
}

int call_operator(lua_State* L, const std::string& name, int first, int arguments) {
    const Operator* op = find_operator(name);
    require(op != nullptr, "there is no operator '{}'", name);
    return call(L, *op, locate(L, first, arguments));
}

std::vector<std::string> operator_signatures(const std::string& name) {
    std::vector<std::string> signatures;
    if (const Operator* op = find_operator(name)) {
        for (const auto& overload : op->overloads) {
            signatures.push_back(c10::toString(overload.schema()));
        }
    }
    return signatures;
}

std::vector<std::string> operator_names() {
    std::vector<std::string> names;
    for (const auto& [name, overloads] : overload_names()) {
        names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace hfc::lua
