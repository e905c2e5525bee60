// The names in a graph that is being read, and the conversion of arguments to the types of
// operators.
#pragma once

#include "model/exported/program.h"

#include <set>
#include <unordered_map>

namespace hfc::model::exported {

/// Returns the member of an object. Throws Malformed if it is missing.
const Json& member(const Json& object, const char* key);
const std::string& text_member(const Json& object, const char* key);
const Json& list_member(const Json& object, const char* key);
int64_t integer_of(const Json& value);
/// {"as_int": 3} -> ("as_int", 3). Throws Malformed unless there is exactly one member.
std::pair<std::string, const Json&> only_member(const Json& object);
/// The sizes in "tensor_values": -1 for symbols.
Shape shape_of(const Json& meta);

class Scope {
  public:
    struct Value {
        int slot;
        Kind kind;
    };
    /// Throws Malformed if the name already exists.
    int define(const std::string& name, Kind kind);
    /// Throws Malformed for a name that is not defined yet or is of another kind.
    const Value& find(const std::string& name) const;
    int find_tensor(const std::string& name) const;
    int size() const { return count_; }

  private:
    std::unordered_map<std::string, Value> values_;
    int count_ = 0;
};

/// A size: a constant or a slot.
Element size_element(const Json& value, const Scope& scope);

/// Sets the node's argument at `position` to the one given in the file. Throws Malformed if the
/// operator requires a different type.
void set_argument(Node& node, size_t position, const c10::Argument& argument, const Json& given,
                  const Scope& scope);

/// "layer1.0.conv1.weight" -> "layer1.0.conv1".
std::string parent_of(const std::string& name);

/// Removes the number of the call from a layer's path: a layer that is called more than once
/// appears as "relu@1", for which this returns "relu".
std::string without_call(std::string path);

/// A layer that contains a node.
struct StackEntry {
    std::string path;  ///< "layer1.0.relu"
    std::string type;  ///< "torch.nn.modules.activation.ReLU"
    std::string call;  ///< "L__self__layer1.0.relu@1", which distinguishes the calls of a layer
};

/// The layers around a node of the file, outermost first.
std::vector<StackEntry> module_stack(const Json& node);

/// The slot of the argument at `position`, or -1 if its value does not come from a slot.
int value_at(const Node& node, size_t position);

/// Completes the program once all nodes have been read: determines the modes, the norms that can be
/// folded into convolutions, and the last node that reads each value. counted: the modules for
/// which a node counts the batches.
void finish(Program& program, const std::set<int>& counted);

}  // namespace hfc::model::exported
