#include "bindings/torch/operators.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "bindings/runtime/collector.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/call_arguments.h"
#include "bindings/torch/convert.h"
#include "bindings/torch/forms.h"
#include "bindings/torch/numbers.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::lua {
namespace {

/// Converts the reduction of a loss, such as "mean", to the number that the operators expect.
/// Converts names of dimensions for the overloads that accept them.
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

/// The positional arguments from `index` on as one list.
std::optional<c10::IValue> to_row(lua_State* L, int index, int count, const Parameter& parameter) {
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; ++i) {
        lua_pushvalue(L, index + i);
        lua_rawseti(L, -2, i + 1);
    }
    auto value = to_ivalue(L, lua_gettop(L), *parameter.type, std::nullopt, false);
    lua_pop(L, 1);
    return value;
}

/// How freely arguments are interpreted. All overloads are tried with one reading before the next
/// reading is tried: torch.tensor_split(x, 3) means three sections, although 3 could also be read
/// as a list with one index.
enum class Reading {
    exact,
    spread,             ///< several arguments at the end are a list: torch.zeros(2, 3)
    numbers_as_tensors  ///< a number stands for a tensor without dimensions: torch.maximum(x, 0)
};

/// Whether the form can match, judging only by the number of arguments.
bool may_match(const Form& form, const CallArguments& given, Reading reading) {
    const bool spreads = form.spreads || form.row_of_tensors;
    const bool too_many = given.positional > form.most && !(reading == Reading::spread && spreads);
    const bool too_few = given.positional + given.named_count < form.least && !given.out_list;
    return !too_many && !too_few && (reading != Reading::spread || spreads);
}

/// Whether positional argument `index` is the first of several that stand for the parameter's list.
bool begins_row(lua_State* L, const Form& form, const Parameter& parameter, int index) {
    return parameter.spreads ? to_integer(L, index).has_value()
                             : form.row_of_tensors && to_tensor(L, index) != nullptr;
}

/// Pushes the parameter's value from the named arguments and returns how many of these it used up;
/// returns nothing if there is no value. {out = {a, b}} is one named argument, so only its first
/// element counts.
std::optional<int> push_named(lua_State* L, const CallArguments& given, const Parameter& parameter,
                              int out_position) {
    push_field(L, given.named, parameter.name.c_str());
    for (size_t i = 0; lua_isnil(L, -1) && i < parameter.aliases.size(); ++i) {
        lua_pop(L, 1);
        push_field(L, given.named, parameter.aliases[i]);
    }
    if (parameter.is_out && given.out_list) {
        lua_pop(L, 1);
        push_field(L, given.named, "out");
        lua_rawgeti(L, -1, out_position + 1);
        lua_remove(L, -2);
        if (!lua_isnil(L, -1)) {
            return out_position == 0 ? 1 : 0;
        }
    }
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return std::nullopt;
    }
    return 1;
}

/// Converts the integers of a call to floating-point numbers.
void make_numbers_floats(const Form& form, torch::jit::Stack& stack) {
    for (size_t i = 0; i < stack.size(); ++i) {
        const bool number = form.parameters[i].type->kind() == c10::TypeKind::NumberType;
        if (const auto value =
                number && stack[i].isInt() ? as_double(stack[i].toScalar()) : std::nullopt) {
            stack[i] = c10::IValue(*value);
        }
    }
}

/// The position of the first nil before a list's last element; 0 if there is none.
int first_hole(lua_State* L, int index) {
    int64_t last = 0;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        last = std::max(last, to_integer(L, lua_gettop(L)).value_or(0));
    }
    for (int i = 1; i < last; ++i) {
        lua_rawgeti(L, index, i);
        const bool empty = lua_isnil(L, -1);
        lua_pop(L, 1);
        if (empty) {
            return i;
        }
    }
    return 0;
}

std::string describe_value(lua_State* L, int index) {
    const at::Tensor* tensor = to_tensor(L, index);
    if (tensor == nullptr && lua_istable(L, index)) {
        if (const int hole = first_hole(L, index)) {
            return fmt::format("a list whose element {} is nil", hole);
        }
    }
    return tensor != nullptr ? describe_tensor(*tensor) : describe(L, index);
}

/// Fills `stack` with the arguments that the schema requires; returns false if they do not match.
bool match(lua_State* L, const Form& form, const CallArguments& given, Reading reading,
           torch::jit::Stack& stack) {
    const bool numbers_as_tensors = reading == Reading::numbers_as_tensors;
    stack.clear();
    int next = 0;
    int outs = 0;
    int named_left = given.named_count - (given.requires_grad && form.factory ? 1 : 0);
    for (const auto& parameter : form.parameters) {
        std::optional<c10::IValue> value;
        if (!parameter.by_name_only && next < given.positional) {
            const int index = given.first + next;
            const bool row = reading == Reading::spread && begins_row(L, form, parameter, index);
            const int taken = row ? given.positional - next : 1;
            value = row ? to_row(L, index, taken, parameter)
                        : to_argument(L, index, parameter, numbers_as_tensors);
            next += taken;
        } else {
            const auto used = named_left > 0 || (parameter.is_out && given.out_list)
                                  ? push_named(L, given, parameter, outs)
                                  : std::nullopt;
            if (used) {
                value = to_argument(L, lua_gettop(L), parameter, numbers_as_tensors);
                named_left -= *used;
                lua_pop(L, 1);
            } else {
                value = parameter.fallback;
            }
            outs += parameter.is_out ? 1 : 0;
        }
        if (!value) {
            return false;
        }
        stack.push_back(std::move(*value));
    }
    if (form.float_numbers) {
        make_numbers_floats(form, stack);
    }
    return next == given.positional && named_left == 0;
}

/// A hint for x.sum(), which does not pass a tensor to the function.
std::string colon_hint(lua_State* L, const Operator& op, const CallArguments& given) {
    for (int i = 0; i < given.positional; ++i) {
        if (to_tensor(L, given.first + i) != nullptr || lua_istable(L, given.first + i)) {
            return "";
        }
    }
    const auto is_method = [](const Form& form) {
        return !form.parameters.empty() && form.parameters[0].name == "self";
    };
    const bool method = std::any_of(op.forms.begin(), op.forms.end(), is_method);
    return method && given.named == 0
               ? fmt::format("; call a tensor's method with a colon: x:{}()", op.name.substr(6))
               : "";
}

/// A hint for x:sum {dmi = 1}: the named arguments that no form accepts, and the most similar known
/// names.
std::string unknown_names_hint(lua_State* L, const Operator& op, const CallArguments& given) {
    std::vector<std::string> known = {"out", "requires_grad"};
    for (const auto& form : op.forms) {
        for (const auto& parameter : form.parameters) {
            known.push_back(parameter.name);
            known.insert(known.end(), parameter.aliases.begin(), parameter.aliases.end());
        }
    }
    std::string hint;
    lua_pushnil(L);
    while (lua_next(L, given.named) != 0) {
        lua_pop(L, 1);
        const std::string name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
            hint += fmt::format("; there is no argument '{}'{}", name, did_you_mean(name, known));
        }
    }
    return hint;
}

[[noreturn]] void no_match(lua_State* L, const Operator& op, const CallArguments& given) {
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
    std::string hint = colon_hint(L, op, given);
    if (given.named != 0) {
        hint += unknown_names_hint(L, op, given);
    }
    std::string signatures;
    for (const auto& form : op.forms) {
        signatures += fmt::format("\n  {}", c10::toString(form.handle.schema()));
    }
    fail("no overload accepts ({}){}; the overloads are:{}", fmt::join(shown, ", "), hint,
         signatures);
}

/// If a GPU runs out of memory, collects Lua's garbage and repeats the call, unless the first call
/// may already have written to an argument. (On the CPU, the allocation itself is repeated.)
void call_form(lua_State* L, const Form& form, const CallArguments& given, Reading reading,
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

/// Calls a form with the arguments in `stack` and pushes its results; returns their number.
int run_form(lua_State* L, const Operator& op, const Form& form, const CallArguments& given,
             Reading reading, torch::jit::Stack& stack) {
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
    if (form.returns_dtype) {
        push(L, dtype_name(static_cast<at::ScalarType>(stack.back().toInt())));
        return 1;
    }
    luaL_checkstack(L, static_cast<int>(stack.size()) + 4, "too many results");
    for (const auto& result : stack) {
        push_ivalue(L, result);
    }
    return static_cast<int>(stack.size());
}

/// Calls the first form that accepts the arguments and pushes its results; returns nothing if no
/// form accepts them.
std::optional<int> try_call(lua_State* L, const Operator& op, const CallArguments& given) {
    torch::jit::Stack stack;
    for (const auto reading : {Reading::exact, Reading::spread, Reading::numbers_as_tensors}) {
        for (const auto& form : op.forms) {
            if (may_match(form, given, reading) && match(L, form, given, reading, stack)) {
                return run_form(L, op, form, given, reading, stack);
            }
        }
    }
    return std::nullopt;
}

int call(lua_State* L, const Operator& op, const CallArguments& given) {
    require(op.refusal == nullptr,
            "this internal operator does not check its arguments and cannot be called from Lua: "
            "{}",
            op.refusal);
    if (const auto results = try_call(L, op, given)) {
        return *results;
    }
    const int last = given.first + given.positional - 1;
    if (given.mixed) {
        if (const auto results = try_call(L, op, spread_list(L, given))) {
            return *results;
        }
    }
    // The empty table in torch.rand(3, {}) stands for an empty set of options.
    if (given.named == 0 && given.positional > 0 && is_empty_table(L, last)) {
        CallArguments fewer = given;
        --fewer.positional;
        if (const auto results = try_call(L, op, fewer)) {
            return *results;
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

}  // namespace hfc::lua
