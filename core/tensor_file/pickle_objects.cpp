// The opcodes that call functions and make objects. Only functions that the Builder knows are
// called. Everything else is kept as an Object, the record of a call that was never made.
#include "tensor_file/format.h"
#include "tensor_file/pickle.h"
#include "tensor_file/pickle_opcode.h"

namespace hfc::tensor_file::pickle {
namespace {

constexpr size_t longest_name = 200;

}  // namespace

bool Machine::step_object(unsigned char opcode) {
    switch (opcode) {
        case global: {
            const auto module = std::string(line());
            push_global(module, std::string(line()));
            return true;
        }
        case stack_global: {
            const auto* const name = pop()->get<std::string>();
            const auto* const module = pop()->get<std::string>();
            expect(name != nullptr && module != nullptr,
                   "the name of a global in its pickle is not a string");
            push_global(*module, *name);
            return true;
        }
        case new_object_named:
            pop();  // named arguments
            [[fallthrough]];
        case new_object:
        case reduce_call:
            reduce();
            return true;
        case build_state:
            build();
            return true;
        case persistent_id:
            push(builder_.persistent(*pop()));
            return true;
        default:
            return false;
    }
}

bool Machine::step_set(unsigned char opcode) {
    switch (opcode) {
        case empty_set:
            push({Sequence{{}, false}});
            return true;
        case add_many:
            append(pop_to_mark());
            return true;
        case frozen_set:
            push({Sequence{pop_to_mark(), true}});
            return true;
        case pop_mark:
            pop_to_mark();
            return true;
        case duplicate:
            push_known(top());
            return true;
        default:
            return false;
    }
}

void Machine::push_global(const std::string& module, const std::string& name) {
    expect(module.size() + name.size() <= longest_name,
           "refused: the name of a global in its pickle has {} bytes, expected at most {}",
           module.size() + name.size(), longest_name);
    auto full = module + "." + name;
    builder_.require_harmless(full);
    push({Global{std::move(full)}});
}

void Machine::reduce() {
    const auto* const arguments = pop();
    const auto* const function = pop();
    const auto* const global = function->get<Global>();
    const auto* const sequence = arguments->get<Sequence>();
    expect(sequence != nullptr && (global != nullptr || function->get<Object>() != nullptr),
           "its pickle calls something that is not a function (before byte {})", at_);
    if (global != nullptr && builder_.knows(global->name)) {
        auto result = builder_.call(global->name, *sequence, budget_);
        if (result.same == nullptr) {
            push(std::move(result.made));
        } else {
            push_known(const_cast<Value*>(result.same));  // the machine owns all values
        }
    } else {
        push({Object{function, sequence, nullptr, nullptr}});
    }
}

/// Sets an object's attributes. Attributes of a dict (the _metadata of a state dict, with the
/// versions of its layers) and of a tensor are dropped.
void Machine::build() {
    const auto* const state = pop();
    auto* const value = top();
    if (auto* const object = std::get_if<Object>(&value->data)) {
        object->state = state;
        return;
    }
    expect(
        value->get<Dict>() != nullptr || value->get<at::Tensor>() != nullptr,
        "refused: its pickle sets attributes of something that is not an object (before byte {})",
        at_);
}

/// The list or dict that an opcode fills: the top of the stack, or the content of an object whose
/// class extends list or dict.
Value* Machine::container(Value empty) {
    auto* const value = top();
    auto* const object = std::get_if<Object>(&value->data);
    if (object == nullptr) {
        return value;
    }
    if (object->content == nullptr) {
        object->content = make(std::move(empty));
    }
    return object->content;
}

}  // namespace hfc::tensor_file::pickle
