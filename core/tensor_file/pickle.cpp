#include "tensor_file/pickle.h"

#include "tensor_file/format.h"
#include "tensor_file/pickle_opcode.h"

#include <algorithm>
#include <cstring>

namespace hfc::tensor_file::pickle {
namespace {

constexpr int newest_protocol = 5;
/// The size of a node in the memo's hash table.
constexpr size_t memo_bytes = 48;
/// A growing vector may have room for twice as many items as it contains.
constexpr size_t item_bytes = 2 * sizeof(void*);

}  // namespace

void Budget::take(size_t count, size_t bytes_each) {
    expect(count <= left_ / bytes_each, "its pickle requires more than {} MB of memory",
           most_bytes >> 20);
    left_ -= count * bytes_each;
}

const Value& Machine::run() {
    for (;;) {
        const auto opcode = number<unsigned char>();
        if (opcode == stop) {
            return *pop();
        }
        if (opcode == protocol) {
            const int version = number<unsigned char>();
            expect(version <= newest_protocol, "its pickle uses protocol {}, expected at most {}",
                   version, newest_protocol);
        } else if (opcode == frame) {
            number<uint64_t>();
        } else if (!step_constant(opcode) && !step_container(opcode) && !step_memo(opcode) &&
                   !step_object(opcode) && !step_set(opcode)) {
            malformed(
                "refused: its pickle contains the opcode 0x{:02x} at byte {}; only tensors and "
                "plain containers are read",
                opcode, at_ - 1);
        }
    }
}

bool Machine::step_constant(unsigned char opcode) {
    switch (opcode) {
        case none:
            push({None{}});
            return true;
        case new_true:
        case new_false:
            push({opcode == new_true});
            return true;
        case int4:
            push({int64_t{number<int32_t>()}});
            return true;
        case int1:
            push({int64_t{number<uint8_t>()}});
            return true;
        case int2:
            push({int64_t{number<uint16_t>()}});
            return true;
        case long1:
            push(long_integer(number<uint8_t>()));
            return true;
        case long4:
            push(long_integer(number<uint32_t>()));
            return true;
        case binary_float: {
            const auto bits = __builtin_bswap64(number<uint64_t>());
            push({std::bit_cast<double>(bits)});
            return true;
        }
        case unicode1:
        case string1:
        case bytes1:
            push({std::string(bytes(number<uint8_t>()))});
            return true;
        case unicode4:
        case string4:
        case bytes4:
            push({std::string(bytes(number<uint32_t>()))});
            return true;
        case unicode8:
        case bytes8:
        case bytearray8:
            push({std::string(bytes(number<uint64_t>()))});
            return true;
        default:
            return false;
    }
}

bool Machine::step_container(unsigned char opcode) {
    switch (opcode) {
        case mark:
            budget_.take(1, item_bytes);
            marks_.push_back(stack_.size());
            return true;
        case pop_one:
            pop();
            return true;
        case empty_list:
            push({Sequence{{}, false}});
            return true;
        case empty_tuple:
            push({Sequence{{}, true}});
            return true;
        case empty_dict:
            push({Dict{}});
            return true;
        case tuple_to_mark:
            push({Sequence{pop_to_mark(), true}});
            return true;
        case tuple1:
        case tuple2:
        case tuple3:
            collect(opcode - tuple1 + size_t{1});
            return true;
        case append_one:
            append({pop()});
            return true;
        case append_many:
            append(pop_to_mark());
            return true;
        case set_one: {
            const auto* const value = pop();
            const auto* const key = pop();
            set_items({key, value});
            return true;
        }
        case set_many:
            set_items(pop_to_mark());
            return true;
        default:
            return false;
    }
}

bool Machine::step_memo(unsigned char opcode) {
    switch (opcode) {
        case put1:
            remember(number<uint8_t>());
            return true;
        case put4:
            remember(number<uint32_t>());
            return true;
        case memoize:
            remember(memo_.size());
            return true;
        case get1:
            recall(number<uint8_t>());
            return true;
        case get4:
            recall(number<uint32_t>());
            return true;
        default:
            return false;
    }
}

template <typename T>
T Machine::number() {
    T value;
    std::memcpy(&value, bytes(sizeof(T)).data(), sizeof(T));
    return value;
}

std::string_view Machine::bytes(uint64_t count) {
    expect(count <= program_.size() - at_, "its pickle is truncated at byte {}", program_.size());
    const auto piece = program_.substr(at_, count);
    at_ += count;
    return piece;
}

std::string_view Machine::line() {
    const auto end = program_.find('\n', at_);
    expect(end != std::string_view::npos, "its pickle is truncated at byte {}", program_.size());
    const auto piece = program_.substr(at_, end - at_);
    at_ = end + 1;
    return piece;
}

Value Machine::long_integer(size_t count) {
    const auto digits = bytes(count);
    if (count > 8) {
        return {Object{nullptr, nullptr, nullptr, nullptr}};
    }
    // The highest byte determines the sign.
    int64_t value = !digits.empty() && static_cast<signed char>(digits.back()) < 0 ? -1 : 0;
    std::memcpy(&value, digits.data(), digits.size());
    return {value};
}

Value* Machine::make(Value value) {
    const auto* const text = value.get<std::string>();
    budget_.take(1, sizeof(Value));
    budget_.take(text == nullptr ? 0 : text->size());
    return &values_.emplace_back(std::move(value));
}

void Machine::push(Value value) {
    push_known(make(std::move(value)));
}

/// Popping a value does not return its memory to the budget, because it may have been moved into a
/// container.
void Machine::push_known(Value* value) {
    budget_.take(1, item_bytes);
    stack_.push_back(value);
}

Value* Machine::top() {
    expect(stack_.size() > (marks_.empty() ? 0 : marks_.back()),
           "its pickle uses a value that is missing (before byte {})", at_);
    return stack_.back();
}

Value* Machine::pop() {
    auto* const value = top();
    stack_.pop_back();
    return value;
}

std::vector<const Value*> Machine::pop_to_mark() {
    expect(!marks_.empty(), "its pickle is missing a mark (before byte {})", at_);
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const Value*> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
}

void Machine::collect(size_t count) {
    std::vector<const Value*> items(count);
    std::generate(items.rbegin(), items.rend(), [&] { return pop(); });
    push({Sequence{std::move(items), true}});
}

void Machine::append(const std::vector<const Value*>& items) {
    budget_.take(items.size(), item_bytes);
    auto* const list = std::get_if<Sequence>(&container({Sequence{{}, false}})->data);
    expect(list != nullptr && !list->tuple,
           "its pickle appends to something that is not a list (before byte {})", at_);
    list->items.insert(list->items.end(), items.begin(), items.end());
}

void Machine::set_items(const std::vector<const Value*>& items) {
    auto* const dict = std::get_if<Dict>(&container({Dict{}})->data);
    expect(dict != nullptr && items.size() % 2 == 0,
           "its pickle sets items on something that is not a dict (before byte {})", at_);
    budget_.take(items.size(), item_bytes);
    for (size_t i = 0; i < items.size(); i += 2) {
        dict->items.emplace_back(items[i], items[i + 1]);
    }
}

void Machine::remember(uint64_t index) {
    budget_.take(1, memo_bytes);
    memo_[index] = top();
}

void Machine::recall(uint64_t index) {
    const auto found = memo_.find(index);
    expect(found != memo_.end(), "its pickle reads memo entry {}, which it never stored", index);
    push_known(found->second);
}

}  // namespace hfc::tensor_file::pickle
