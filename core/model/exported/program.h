// What a file of torch.export says: the graph of a network, checked and ready to run. It holds no
// weights: several networks share one program.
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

/// What a value of the graph is while the network runs.
enum class Kind { tensor, integer, number, boolean };

/// One value of a list: that of a slot, or a constant where slot < 0.
struct Element {
    int slot = -1;
    c10::IValue constant;
};

/// An argument that is known only while the network runs.
struct Patch {
    enum class Kind {
        value,             ///< that of a slot
        integers,          ///< a list of sizes
        tensors,           ///< a list of tensors
        optional_tensors,  ///< a list of tensors, some of them none
        mode,              ///< whether the module is in training mode
        device,            ///< of the network
    };
    size_t position = 0;
    Kind kind = Kind::value;
    std::vector<Element> elements = {};
};

/// Sizes of a value: -1 where a size is free.
using Shape = std::vector<int64_t>;

struct Output {
    int slot = -1;  ///< -1: nobody uses it
    std::optional<Shape> shape = {};
    std::string name = {};
};

/// Arithmetic on sizes, which Python did.
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
    std::optional<c10::OperatorHandle> call = {};  ///< or
    SizeOperator arithmetic = SizeOperator::none;  ///< on `operands`
    std::vector<Element> operands = {};
    std::vector<c10::IValue> arguments = {};  ///< with gaps for the patches
    std::vector<Patch> patches = {};
    std::vector<Output> outputs = {};
    bool gives_list = false;         ///< its outputs are the items of one list of tensors
    std::vector<int> released = {};  ///< slots that nobody reads afterwards
    int module = 0;                  ///< whose mode it follows
    std::vector<int> ends = {};      ///< modules whose result it gives, inner ones first
    /// The count of a norm's batches: this node adds to it, and only in training mode.
    bool counts_batches = false;
    /// A batch_norm whose file, made in evaluation mode, does not count batches: the slot of the
    /// count, or -1.
    int count_slot = -1;
    /// Whether a patch of kind `mode` is among them.
    bool has_mode = false;
    bool is_norm = false;  ///< a batch_norm
    /// Positions of integer lists that set the size of the result: factories and the like.
    std::optional<size_t> size_argument = {};
    /// A batch_norm that follows a convolution alone: the node of the convolution, or -1.
    int convolution = -1;
    int norm = -1;  ///< of such a convolution: the node of its batch_norm
};

struct State {
    enum class Kind { parameter, buffer, constant };
    std::string name;  ///< as in Python: "layer1.0.conv1.weight"
    Kind kind = Kind::parameter;
    bool persistent = true;
    int slot = -1;
    /// Whether it is one of the network's weights and buffers; the others are its constants.
    bool is_stored() const { return kind != Kind::constant && persistent; }
};

struct ModuleInfo {
    std::string path;  ///< "" for the network itself
    std::string type;  ///< "torch.nn.modules.conv.Conv2d", or "" where the file does not say
};

struct Program {
    std::string json;  ///< that it was parsed from
    std::string torch_version;
    std::vector<ModuleInfo> modules;  ///< parents before their children; the first is the network
    std::vector<State> states;        ///< in Python's order
    int slots = 0;
    int input = -1;  ///< the slot of the images
    std::string input_name;
    Shape input_shape;
    bool copies_input = false;  ///< a node writes on the images
    std::vector<Node> nodes;
    int output = -1;
    std::vector<std::pair<int, int>> written_back;  ///< slot of a buffer, slot of its new value
    bool training = false;                          ///< mode of the export
    /// What a reader of the file should know, a line each.
    std::vector<std::string> notes;

    std::string place(const Node& node) const {
        const auto& layer = modules[static_cast<size_t>(node.module)].path;
        return layer.empty()
                   ? fmt::format("node '{}' ({})", node.name, node.target)
                   : fmt::format("layer '{}', node '{}' ({})", layer, node.name, node.target);
    }
};

/// Parses JSON within limits of size, depth and number of values. Throws Malformed.
Json parse_json(const std::string& text, const std::string& what);

/// Checks the graph and all of its operators. Throws Malformed.
Program parse_program(std::string json);

/// The operator that `target` names ("torch.ops.aten.conv2d.default"), if networks may call it.
/// Throws Malformed with a reason to follow the node's place.
c10::OperatorHandle find_operator(const std::string& target);

/// The dtype, layout or memory format that a number stands for in the schema of torch.export.
at::ScalarType scalar_type_of(int64_t number);

}  // namespace hfc::model::exported
