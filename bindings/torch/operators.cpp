#include "bindings/torch/operators.h"

#include "bindings/runtime/collector.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/convert.h"
#include "bindings/torch/forms.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::lua {
namespace {

/// Where the arguments of a call stand on the stack.
struct Arguments {
    int first;                          ///< index of the first positional one
    int positional;                     ///< their number
    int named;                          ///< index of the trailing table of named ones, or 0
    int named_count;                    ///< of its keys
    std::optional<bool> requires_grad;  ///< where it is among them
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
        return {first, count, 0, 0, std::nullopt};
    }
    push_field(L, last, "requires_grad");
    const auto requires_grad =
        lua_isboolean(L, -1) ? std::optional(lua_toboolean(L, -1) != 0) : std::nullopt;
    lua_pop(L, 1);
    return {first, count - 1, last, count_named(L, last), requires_grad};
}

/// reduction = "mean" for the losses, whose operators number the kinds; dimensions by name for the
/// overloads that take them.
std::optional<c10::IValue> to_special_value(const std::string& text, const Parameter& parameter) {
    if (parameter.is_reduction) {
        static const std::vector<std::string> kinds = {"none", "mean", "sum"};
        const auto found = std::find(kinds.begin(), kinds.end(), text);
        return found == kinds.end() ? std::nullopt
                                    : std::optional<c10::IValue>(found - kinds.begin());
    }
    return c10::IValue("dimname::" + text);
}

std::optional<c10::IValue> to_argument(lua_State* L, int index, const Parameter& parameter,
                                       bool numbers_as_tensors) {
    if ((parameter.is_reduction || parameter.is_dimension) && lua_type(L, index) == LUA_TSTRING) {
        return to_special_value(lua_tostring(L, index), parameter);
    }
    return to_ivalue(L, index, *parameter.type, parameter.list_length, numbers_as_tensors);
}

/// The positional arguments from `index` on as one list of integers.
std::optional<c10::IValue> to_integer_list(lua_State* L, int index, int count,
                                           const Parameter& parameter) {
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; ++i) {
        lua_pushvalue(L, index + i);
        lua_rawseti(L, -2, i + 1);
    }
    auto value = to_ivalue(L, lua_gettop(L), *parameter.type, std::nullopt, false);
    lua_pop(L, 1);
    return value;
}

/// How freely arguments are read. All overloads are tried with one reading before the next:
/// torch.tensor_split(x, 3) means three sections, though 3 could be a list of one index.
enum class Reading {
    exact,
    spread,             ///< numbers at the end stand for a list of integers: torch.zeros(2, 3)
    numbers_as_tensors  ///< a number stands for a tensor without dimensions: torch.maximum(x, 0)
};

/// Whether the number of arguments alone rules the form out.
bool may_match(const Form& form, const Arguments& given, Reading reading) {
    const bool too_many =
        given.positional > form.most && !(reading == Reading::spread && form.spreads);
    const bool too_few = given.positional + given.named_count < form.least;
    return !too_many && !too_few && (reading != Reading::spread || form.spreads);
}

/// Fills `stack` with the arguments as the schema asks; false where they do not fit.
bool match(lua_State* L, const Form& form, const Arguments& given, Reading reading,
           torch::jit::Stack& stack) {
    const bool numbers_as_tensors = reading == Reading::numbers_as_tensors;
    stack.clear();
    int next = 0;
    int named_left = given.named_count - (given.requires_grad && form.factory ? 1 : 0);
    for (const auto& parameter : form.parameters) {
        std::optional<c10::IValue> value;
        if (!parameter.by_name_only && next < given.positional) {
            const int index = given.first + next;
            const bool row = reading == Reading::spread && parameter.spreads &&
                             lua_type(L, index) == LUA_TNUMBER;
            const int taken = row ? given.positional - next : 1;
            value = row ? to_integer_list(L, index, taken, parameter)
                        : to_argument(L, index, parameter, numbers_as_tensors);
            next += taken;
        } else {
            bool named = false;
            if (named_left > 0) {
                push_field(L, given.named, parameter.name.c_str());
                named = !lua_isnil(L, -1);
                if (named) {
                    value = to_argument(L, lua_gettop(L), parameter, numbers_as_tensors);
                    --named_left;
                }
                lua_pop(L, 1);
            }
            if (!named) {
                value = parameter.fallback;
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
            shown.push_back(fmt::format(
                "{} = {}", lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : describe(L, -2),
                describe_value(L, lua_gettop(L))));
            lua_pop(L, 1);
        }
    }
    std::string signatures;
    for (const auto& form : op.forms) {
        signatures += fmt::format("\n  {}", c10::toString(form.handle.schema()));
    }
    fail("no form takes ({}); the forms are:{}", fmt::join(shown, ", "), signatures);
}

/// Where a GPU has no memory left, collects Lua's garbage and calls once more, unless the call may
/// have written to an argument by then. (On the CPU the allocation itself is repeated.)
void call_form(lua_State* L, const Form& form, const Arguments& given, Reading reading,
               torch::jit::Stack& stack) {
    try {
        form.handle.callBoxed(stack);
        return;
    } catch (const c10::OutOfMemoryError&) {
        if (!form.changes_nothing) {
            throw;
        }
    }
    collect_garbage(L);
    require(match(L, form, given, reading, stack), "out of memory");
    form.handle.callBoxed(stack);
}

int call(lua_State* L, const Operator& op, const Arguments& given) {
    require(op.refusal == nullptr,
            "this inner operator does not check its arguments and cannot be called from Lua: {}",
            op.refusal);
    torch::jit::Stack stack;
    for (const auto reading : {Reading::exact, Reading::spread, Reading::numbers_as_tensors}) {
        for (const auto& form : op.forms) {
            if (may_match(form, given, reading) && match(L, form, given, reading, stack)) {
                if (op.check != nullptr) {
                    op.check(form, stack);
                }
                call_form(L, form, given, reading, stack);
                if (op.sets_storage && given.positional > 0) {
                    Value(L, given.first, "tensor").object<LuaTensor>().recount();
                }
                if (op.copies_results && stack.back().isTensor()) {
                    stack.back() = stack.back().toTensor().clone();
                }
                if (given.requires_grad && form.factory) {
                    stack.back().toTensor().requires_grad_(*given.requires_grad);
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
        check_stop();
        return call(L, op, locate(L, 1, lua_gettop(L)));
    });
}

}  // namespace

bool push_operator(lua_State* L, const std::string& name) {
    const Operator* op = find_operator(name);
    if (op == nullptr || op->forms.empty()) {
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

}  // namespace hfc::lua
