// The graph of a network in a torch.export file, checked and ready to run. It contains no weights,
// so several networks can share one program.
#pragma once

#include "tensor_file/format.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hfc::model::exported {

using Json = nlohmann::json;
using tensor_file::expect;
using tensor_file::malformed;

/// The run-time type of a value in the graph.
enum class Kind { tensor, integer, number, boolean };

/// One value of a list: the value of a slot, or a constant if slot < 0.
struct Element {
    int slot = -1;
    c10::IValue constant;
};

/// An argument whose value is known only while the network runs.
struct Patch {
    enum class Kind {
        value,             ///< the value of a slot
        integers,          ///< a list of sizes
        tensors,           ///< a list of tensors
        optional_tensors,  ///< a list of tensors, some of which are none
        mode,              ///< whether the module is in training mode
        device,            ///< the network's device
    };
    size_t position = 0;
    Kind kind = Kind::value;
    std::vector<Element> elements = {};
};

/// The sizes of a value; -1 for a dynamic size.
using Shape = std::vector<int64_t>;

struct Output {
    int slot = -1;  ///< -1 if the value is not used
    std::optional<Shape> shape = {};
    std::string name = {};
};

/// Arithmetic that Python performed on sizes.
enum class SizeOperator {
    none,
    add,
    sub,
    mul,
    floordiv,
    mod,
    neg,
    eq,
    ne,
    lt,
    le,
    gt,
    ge,
    max,
    min
};

struct Node {
    std::string name;
    std::string target;
    std::optional<c10::OperatorHandle> call = {};  ///< the operator if the node calls one
    SizeOperator arithmetic = SizeOperator::none;  ///< the arithmetic on `operands` otherwise
    std::vector<Element> operands = {};
    std::vector<c10::IValue> arguments = {};  ///< with gaps for the patches
    std::vector<Patch> patches = {};
    std::vector<Output> outputs = {};
    bool gives_list = false;         ///< its outputs are the items of a single list of tensors
    std::vector<int> released = {};  ///< slots that are not read afterwards
    int module = 0;                  ///< the module whose mode the node follows
    std::vector<int> ends = {};      ///< modules whose result the node produces, inner ones first
    /// Whether the node increments a norm's count of batches, which it does only in training mode.
    bool counts_batches = false;
    /// The slot of the batch count if this is a batch_norm that was exported in evaluation mode
    /// (and so does not count batches itself); otherwise -1.
    int count_slot = -1;
    /// Whether any patch is of kind `mode`.
    bool has_mode = false;
    bool is_norm = false;  ///< a batch_norm
    /// For factories and similar operators: the position of the integer list that sets the size of
    /// the result.
    std::optional<size_t> size_argument = {};
    /// The convolution's node if this is a batch_norm and nothing else reads the convolution's
    /// result; otherwise -1.
    int convolution = -1;
    int norm = -1;  ///< for such a convolution: the node of its batch_norm
};

struct State {
    enum class Kind { parameter, buffer, constant };
    std::string name;  ///< the name in Python: "layer1.0.conv1.weight"
    Kind kind = Kind::parameter;
    bool persistent = true;
    int slot = -1;
    /// Whether the network's state dict contains this tensor; otherwise it is stored as a constant.
    bool is_stored() const { return kind != Kind::constant && persistent; }
};

struct ModuleInfo {
    std::string path;  ///< "" for the network itself
    std::string type;  ///< "torch.nn.modules.conv.Conv2d", or "" if the file does not say
};

struct Program {
    std::string json;  ///< the JSON text from which it was parsed
    std::string torch_version;
    std::vector<ModuleInfo> modules;  ///< parents before their children; the first is the network
    std::vector<State> states;        ///< in Python's order
    int slots = 0;
    int input = -1;  ///< the slot of the images
    std::string input_name;
    Shape input_shape;
    bool copies_input = false;  ///< whether a node writes to the images
    std::vector<Node> nodes;
    int output = -1;
    /// The slot of a buffer, and the slot of its new value.
    std::vector<std::pair<int, int>> written_back;
    bool training = false;  ///< whether the network was exported in training mode
    /// Remarks for the user of the file, one line each.
    std::vector<std::string> notes;

    std::string place(const Node& node) const {
        const auto& layer = modules[static_cast<size_t>(node.module)].path;
        return layer.empty()
                   ? fmt::format("node '{}' ({})", node.name, node.target)
                   : fmt::format("layer '{}', node '{}' ({})", layer, node.name, node.target);
    }
};

/// Parses JSON with limits on size, depth and number of values. Throws Malformed.
Json parse_json(const std::string& text, const std::string& what);

/// Checks the graph and all of its operators. Throws Malformed.
Program parse_program(std::string json);

/// Returns the operator that `target` names ("torch.ops.aten.conv2d.default") if networks may call
/// it. Throws Malformed with only the reason; the caller adds which node it is.
c10::OperatorHandle find_operator(const std::string& target);

/// The dtype, layout or memory format that a number represents in the schema of torch.export.
at::ScalarType scalar_type_of(int64_t number);

}  // namespace hfc::model::exported
