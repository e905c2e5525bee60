// Python's pickle format, as far as checkpoints need it. A pickle is a program for a small stack
// machine, whose dangerous opcodes name Python functions and call them. Here, names are only looked
// up in a list, and only our own functions are called; calls to other functions are stored as
// records.
#pragma once

#include "tensor_file/dtype.h"
#include "tensor_file/tree.h"

#include <ATen/core/Tensor.h>

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace hfc::tensor_file::pickle {

struct Value;

/// The name of a function or class: "collections.OrderedDict".
struct Global {
    std::string name;
};
/// A list or a tuple.
struct Sequence {
    std::vector<const Value*> items;
    bool tuple;
};
struct Dict {
    std::vector<std::pair<const Value*, const Value*>> items;
};
/// A call that was not made, because the Builder does not know the function or class. It points
/// into the machine and copies nothing, however often a pickle repeats it.
struct Object {
    const Value* function;      ///< a Global or an Object; nullptr for an integer beyond 64 bits
    const Sequence* arguments;  ///< nullptr as above
    const Value* state;         ///< its attributes, or nullptr
    Value* content;             ///< the items of a class that extends list or dict, or nullptr
};
/// The memory to which tensors refer, as a tensor with one dimension.
struct Storage {
    at::Tensor elements;
};

struct Value {
    std::variant<None, bool, int64_t, double, std::string, Global, Sequence, Dict, Object, Storage,
                 at::Tensor>
        data;

    template <typename T>
    const T* get() const {
        return std::get_if<T>(&data);
    }
};

/// Limits the memory that a pickle may use, because a few bytes of program can request a lot of it.
class Budget {
  public:
    /// Throws Malformed if the budget is exhausted.
    void take(size_t count, size_t bytes_each = 1);

  private:
    static constexpr size_t most_bytes = size_t{512} << 20;
    size_t left_ = most_bytes;
};

/// The result of a call: a new value, or one of its arguments unchanged.
struct Result {
    const Value* same = nullptr;
    Value made = {};
};

/// The functions that a pickle may call.
class Builder {
  public:
    virtual ~Builder() = default;
    /// Throws Malformed for a function that no checkpoint needs and that could do harm if it were
    /// called.
    virtual void require_harmless(const std::string& global) = 0;
    /// Whether call() supports this function; other calls become Objects.
    virtual bool knows(const std::string& global) = 0;
    virtual Result call(const std::string& global, const Sequence& arguments, Budget& budget) = 0;
    /// The object that `id` refers to; it is stored outside the pickle.
    virtual Value persistent(const Value& id) = 0;
};

/// The stack machine. It owns every value that it makes; values may refer to each other in cycles.
class Machine {
  public:
    Machine(std::string_view program, Builder& builder) : program_(program), builder_(builder) {}
    /// Runs the program and returns its result. Throws Malformed.
    const Value& run();
    /// The number of bytes of the program that run() used; more bytes may follow.
    size_t used() const { return at_; }

  private:
    template <typename T>
    T number();
    std::string_view bytes(uint64_t count);
    std::string_view line();
    Value long_integer(size_t count);

    Value* make(Value value);
    void push(Value value);
    void push_known(Value* value);
    Value* pop();
    Value* top();
    std::vector<const Value*> pop_to_mark();

    bool step_constant(unsigned char opcode);
    bool step_container(unsigned char opcode);
    bool step_memo(unsigned char opcode);
    bool step_object(unsigned char opcode);
    bool step_set(unsigned char opcode);

    void collect(size_t count);
    void append(const std::vector<const Value*>& items);
    void set_items(const std::vector<const Value*>& items);
    void push_global(const std::string& module, const std::string& name);
    void remember(uint64_t index);
    void recall(uint64_t index);
    void reduce();
    void build();
    Value* container(Value empty);

    std::string_view program_;
    Builder& builder_;
    Budget budget_;
    size_t at_ = 0;
    std::deque<Value> values_;
    std::vector<Value*> stack_;
    std::vector<size_t> marks_;
    std::unordered_map<uint64_t, Value*> memo_;
};

}  // namespace hfc::tensor_file::pickle
