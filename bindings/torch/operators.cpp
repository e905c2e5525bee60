#include "bindings/torch/operators.h"

#include "bindings/runtime/registry.h"
#include "bindings/torch/convert.h"
#include "bindings/torch/refused.h"
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
    const char* refusal = nullptr;  ///< why it may not be called
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
    Operator result = {"torch." + name, {}, refusal_of(name)};
    for (const auto& overload : overloads->second) {
        const auto handle = c10::Dispatcher::singleton().findSchema({"aten::" + name, overload});
        if (handle) {
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
    int first;           ///< index of the first positional one
    int positional;      ///< their number
    int named;           ///< index of the trailing table of named ones, or 0
    int named_count;     ///< of its keys
    bool requires_grad;  ///< {requires_grad = true} is among them
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

int count_named(lua_State* L, int table) {
    int count = 0;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1);
        ++count;
    }
    return count;
}

/// Pushes table[key], without metamethods.
void push_field(lua_State* L, int table, const char* key) {
    lua_pushstring(L, key);
    lua_rawget(L, table);
}

Arguments locate(lua_State* L, int first, int count) {
    const int last = first + count - 1;
    if (count == 0 || !is_named_table(L, last)) {
        return {first, count, 0, 0, false};
    }
    push_field(L, last, "requires_grad");
    const bool requires_grad = lua_isboolean(L, -1) && lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return {first, count - 1, last, count_named(L, last), requires_grad};
}

/// zeros, rand, full and their like, which in Python also take requires_grad; the operators themselves do not.
bool is_factory(const c10::FunctionSchema& schema) {
    const auto is_pin_memory = [](const c10::Argument& argument) { return argument.name() == "pin_memory"; };
    return std::any_of(schema.arguments().begin(), schema.arguments().end(), is_pin_memory);
}

/// reduction = "mean" for the losses, whose operators number the kinds; dimensions by name for the overloads that take them.
std::optional<c10::IValue> to_special_value(lua_State* L, int index, const c10::FunctionSchema& schema, const c10::Argument& argument) {
    if (lua_type(L, index) != LUA_TSTRING) {
        return std::nullopt;
    }
    const std::string text = lua_tostring(L, index);
    if (argument.name() == "reduction") {
        static const std::vector<std::string> kinds = {"none", "mean", "sum"};
        const auto found = std::find(kinds.begin(), kinds.end(), text);
        return found == kinds.end() ? std::nullopt : std::optional<c10::IValue>(found - kinds.begin());
    }
    const auto kind = argument.type()->kind();
    return kind == c10::TypeKind::StringType && schema.overload_name().find("name") != std::string::npos
               ? std::optional<c10::IValue>("dimname::" + text)
               : std::nullopt;
}

std::optional<c10::IValue> to_argument(lua_State* L, int index, const c10::FunctionSchema& schema, const c10::Argument& argument,
                                       bool numbers_as_tensors) {
    if (auto special = to_special_value(L, index, schema, argument)) {
        return special;
    }
    const auto length = argument.N() ? std::optional<int>(*argument.N()) : std::nullopt;
    return to_ivalue(L, index, *argument.real_type(), length, numbers_as_tensors);
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

/// The positional arguments from `index` on as one list of integers.
std::optional<c10::IValue> to_integer_list(lua_State* L, int index, int count, const c10::Argument& argument) {
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; ++i) {
        lua_pushvalue(L, index + i);
        lua_rawseti(L, -2, i + 1);
    }
    auto value = to_ivalue(L, lua_gettop(L), *argument.real_type(), std::nullopt, false);
    lua_pop(L, 1);
    return value;
}

/// How freely arguments are read. All overloads are tried with one reading before the next: torch.tensor_split(x, 3) means three sections,
/// though 3 could be a list of one index.
enum class Reading {
    exact,
    spread,             ///< numbers at the end stand for a list of integers: torch.zeros(2, 3)
    numbers_as_tensors  ///< a number stands for a tensor without dimensions: torch.maximum(x, 0)
};

/// Fills `stack` with the arguments as the schema asks; false where they do not fit.
bool match(lua_State* L, const c10::FunctionSchema& schema, const Arguments& given, Reading reading, torch::jit::Stack& stack) {
    const bool numbers_as_tensors = reading == Reading::numbers_as_tensors;
    stack.clear();
    int next = 0;
    int named_left = given.named_count - (given.requires_grad && is_factory(schema) ? 1 : 0);
    for (const auto& argument : schema.arguments()) {
        std::optional<c10::IValue> value;
        if (!argument.kwarg_only() && next < given.positional) {
            const int index = given.first + next;
            const bool integers = reading == Reading::spread && lua_type(L, index) == LUA_TNUMBER && takes_trailing_integers(argument);
            const int taken = integers ? given.positional - next : 1;
            value = integers ? to_integer_list(L, index, taken, argument) : to_argument(L, index, schema, argument, numbers_as_tensors);
            next += taken;
        } else {
            bool named = false;
            if (given.named != 0) {
                push_field(L, given.named, argument.name().c_str());
                named = !lua_isnil(L, -1);
                if (named) {
                    value = to_argument(L, lua_gettop(L), schema, argument, numbers_as_tensors);
                    --named_left;
                }
                lua_pop(L, 1);
            }
            if (!named) {
                value = argument.default_value();
            }
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
    require(op.refusal == nullptr, "this inner operator does not check its arguments and cannot be called from Lua: {}", op.refusal);
    torch::jit::Stack stack;
    for (const auto reading : {Reading::exact, Reading::spread, Reading::numbers_as_tensors}) {
        for (const auto& overload : op.overloads) {
            if (match(L, overload.schema(), given, reading, stack)) {
                overload.callBoxed(stack);
                if (given.requires_grad && is_factory(overload.schema())) {
                    stack.back().toTensor().requires_grad_(true);
                }
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
