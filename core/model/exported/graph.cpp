#include "model/exported/scope.h"

#include <algorithm>

namespace hfc::model::exported {
namespace {

constexpr int64_t schema_major = 8;
constexpr size_t most_nodes = 100'000;
/// The limit for one value and one image; a layer of VGG has 3.2 million elements.
constexpr int64_t most_elements = int64_t{1} << 26;

const std::map<std::string, SizeOperator> size_operators = {
    {"add", SizeOperator::add},     {"sub", SizeOperator::sub},
    {"mul", SizeOperator::mul},     {"floordiv", SizeOperator::floordiv},
    {"mod", SizeOperator::mod},     {"neg", SizeOperator::neg},
    {"eq", SizeOperator::eq},       {"ne", SizeOperator::ne},
    {"lt", SizeOperator::lt},       {"le", SizeOperator::le},
    {"gt", SizeOperator::gt},       {"ge", SizeOperator::ge},
    {"sym_max", SizeOperator::max}, {"sym_min", SizeOperator::min}};

bool is_comparison(SizeOperator op) {
    return op >= SizeOperator::eq && op <= SizeOperator::ge;
}

class Parser {
  public:
    explicit Parser(Program& program) : program_(program) {}

    void parse(const Json& json) {
        check_version(json);
        const auto& module = member(json, "graph_module");
        const auto& graph = member(module, "graph");
        const auto& signature = member(module, "signature");
        add_module("");
        for (const auto& entry : list_member(module, "module_call_graph")) {
            add_module(without_call(text_member(entry, "fqn")));
        }
        read_inputs(list_member(signature, "input_specs"));
        shapes_ = &member(graph, "tensor_values");
        expect(shapes_->is_object(), "its list of values is invalid");
        expect(shapes_->contains(program_.input_name),
               "it does not specify the shape of the input images");
        program_.input_shape = shape_of((*shapes_)[program_.input_name]);
        const auto& nodes = list_member(graph, "nodes");
        expect(nodes.size() <= most_nodes, "its graph has too many nodes ({})", nodes.size());
        for (const auto& node : nodes) {
            read_node(node);
        }
        read_outputs(signature, graph);
        for (const auto& [call, end] : ends_) {
            program_.nodes[end.first].ends.push_back(end.second);
        }
        program_.slots = scope_.size();
        finish(program_, counted_);
    }

  private:
    void check_version(const Json& json) {
        const auto major = integer_of(member(member(json, "schema_version"), "major"));
        expect(major == schema_major,
               "it uses version {} of torch.export's schema, expected {} (written by PyTorch 2.15)",
               major, schema_major);
        const auto version = json.find("torch_version");
        program_.torch_version =
            version != json.end() && version->is_string() ? version->get<std::string>() : "";
    }

    int add_module(const std::string& path) {
        if (const auto found = modules_.find(path); found != modules_.end()) {
            return found->second;
        }
        expect(path.size() < 1000 && std::ranges::count(path, '.') < 64 && !path.ends_with('.') &&
                   !path.starts_with('.') && path.find("..") == std::string::npos,
               "'{}' is not a valid layer name", path.substr(0, 100));
        if (!path.empty()) {
            add_module(parent_of(path));
        }
        const auto index = static_cast<int>(program_.modules.size());
        expect(index < 50'000, "it has more than 50000 layers");
        modules_[path] = index;
        program_.modules.push_back({path, ""});
        return index;
    }

    void read_inputs(const Json& specs) {
        std::set<std::string> names;
        for (const auto& spec : specs) {
            const auto [kind, value] = only_member(spec);
            if (kind == "user_input") {
                const auto [type, arg] = only_member(member(value, "arg"));
                expect(type == "as_tensor" && program_.input < 0,
                       "its network must have exactly one input, a tensor of images");
                program_.input_name = text_member(arg, "name");
                program_.input = scope_.define(program_.input_name, Kind::tensor);
                continue;
            }
            State state;
            if (kind == "parameter") {
                state.name = text_member(value, "parameter_name");
            } else if (kind == "buffer") {
                state.kind = State::Kind::buffer;
                state.name = text_member(value, "buffer_name");
                const auto persistent = value.find("persistent");
                state.persistent = persistent == value.end() || *persistent != Json(false);
            } else if (kind == "tensor_constant") {
                state.kind = State::Kind::constant;
                state.name = text_member(value, "tensor_constant_name");
            } else {
                malformed("its network has an input of kind '{}', which is not supported", kind);
            }
            expect(names.insert(state.name).second, "it has two tensors named '{}'", state.name);
            state.slot = scope_.define(text_member(member(value, "arg"), "name"), Kind::tensor);
            if (state.kind != State::Kind::constant) {
                add_module(parent_of(state.name));
            }
            states_[state.slot] = program_.states.size();
            program_.states.push_back(std::move(state));
        }
        expect(program_.input >= 0, "its network has no input for images");
    }

    void read_layer(Node& node, const std::vector<StackEntry>& layers) {
        for (const auto& layer : layers) {
            if (const auto found = modules_.find(layer.path); found != modules_.end()) {
                node.module = found->second;
                program_.modules[static_cast<size_t>(found->second)].type = layer.type;
            }
        }
    }

    /// Of the nodes in a layer's call, the last one that returns a tensor gives the layer's result.
    void note_end(const Node& node, const std::vector<StackEntry>& layers) {
        if (node.counts_batches || node.outputs.empty() || !node.outputs[0].shape) {
            return;
        }
        for (const auto& layer : layers) {
            const auto found = modules_.find(layer.path);
            if (found != modules_.end() && found->second != 0) {
                ends_[layer.call] = {program_.nodes.size(), found->second};
            }
        }
    }

    void read_node(const Json& given) {
        Node node;
        node.target = text_member(given, "target");
        const auto name = given.find("name");
        node.name = name != given.end() && name->is_string() ? name->get<std::string>() : "";
        expect(node.target.size() < 300 && node.name.size() < 1000, "a node's name is too long");
        const auto layers = module_stack(given);
        read_layer(node, layers);
        if (node.name.empty()) {
            node.name = fmt::format("{}", program_.nodes.size());
        }
        try {
            if (node.target.starts_with("_operator.") || node.target.starts_with("torch.sym_")) {
                read_arithmetic(node, given);
            } else {
                read_call(node, given);
            }
        } catch (const tensor_file::Malformed& error) {
            malformed("{}: {}", program_.place(node), error.what());
        }
        note_end(node, layers);
        program_.nodes.push_back(std::move(node));
    }

    void read_arithmetic(Node& node, const Json& given) {
        const auto found = size_operators.find(node.target.substr(node.target.find('.') + 1));
        expect(found != size_operators.end(), "this operator is not supported for tensor sizes");
        node.arithmetic = found->second;
        for (const auto& input : list_member(given, "inputs")) {
            const auto [kind, value] = only_member(member(input, "arg"));
            expect(kind == "as_int" || kind == "as_sym_int", "its arguments must be integers");
            node.operands.push_back(size_element(value, scope_));
        }
        expect(node.operands.size() == (node.arithmetic == SizeOperator::neg ? 1U : 2U),
               "it has the wrong number of arguments ({})", node.operands.size());
        const auto& outputs = list_member(given, "outputs");
        expect(outputs.size() == 1, "it has {} results, expected 1", outputs.size());
        const bool comparison = is_comparison(node.arithmetic);
        const auto [kind, value] = only_member(outputs[0]);
        const auto* const result_kind = comparison ? "as_sym_bool" : "as_sym_int";
        expect(kind == result_kind, "its result is of kind '{}', expected '{}'", kind, result_kind);
        node.outputs.push_back({scope_.define(text_member(value, "as_name"),
                                              comparison ? Kind::boolean : Kind::integer),
                                {},
                                {}});
    }

    void read_call(Node& node, const Json& given) {
        // A view of images in a different layout may need a copy, which reshape makes.
        node.call = find_operator(node.target == "torch.ops.aten.view.default"
                                      ? "torch.ops.aten.reshape.default"
                                      : node.target);
        const auto& schema = node.call->schema();
        const auto& arguments = schema.arguments();
        node.arguments.resize(arguments.size());
        std::vector<bool> set(arguments.size());
        for (const auto& input : list_member(given, "inputs")) {
            auto name = text_member(input, "name");
            if (node.target == "torch.ops.aten.view.default" && name == "size") {
                name = "shape";
            }
            const auto position = schema.argumentIndexWithName(name);
            expect(position.has_value(), "it has no argument '{}'", name.substr(0, 100));
            const auto at = static_cast<size_t>(*position);
            expect(!set[at], "its argument '{}' occurs twice", name);
            set[at] = true;
            set_argument(node, at, arguments[at], member(input, "arg"), scope_);
        }
        for (size_t i = 0; i < arguments.size(); ++i) {
            if (!set[i]) {
                expect(arguments[i].default_value().has_value(), "its argument '{}' is missing",
                       arguments[i].name());
                node.arguments[i] = *arguments[i].default_value();
            }
        }
        node.is_norm = node.target == "torch.ops.aten.batch_norm.default";
        read_results(node, given, schema);
        note_writes(node, schema);
        check_sizes(node, schema);
    }

    void read_results(Node& node, const Json& given, const c10::FunctionSchema& schema) {
        const auto& outputs = list_member(given, "outputs");
        const auto& returns = schema.returns();
        if (outputs.size() == 1 && outputs[0].is_object() && outputs[0].contains("as_tensors")) {
            expect(returns.size() == 1 && returns[0].type()->kind() == c10::TypeKind::ListType,
                   "its result is not a list");
            node.gives_list = true;
            for (const auto& item : outputs[0]["as_tensors"]) {
                add_tensor(node, text_member(item, "name"));
            }
            return;
        }
        const bool nothing = outputs.empty() || (outputs.size() == 1 && outputs[0].is_object() &&
                                                 outputs[0].contains("as_none"));
        expect(outputs.size() == returns.size() || nothing, "it has {} results, expected {}",
               outputs.size(), returns.size());
        for (size_t i = 0; i < outputs.size() && !(nothing && returns.empty()); ++i) {
            const auto [kind, value] = only_member(outputs[i]);
            const auto type = returns[i].type()->kind();
            if (kind == "as_none") {
                node.outputs.push_back({});
            } else if (kind == "as_tensor") {
                expect(type == c10::TypeKind::TensorType, "its result {} is not a tensor", i + 1);
                const auto name = text_member(value, "name");
                if (name.empty()) {
                    node.outputs.push_back({});
                } else {
                    add_tensor(node, name);
                }
            } else {
                expect(kind == "as_sym_int" && type == c10::TypeKind::IntType,
                       "its result {} is of kind '{}', which is not supported", i + 1, kind);
                node.outputs.push_back(
                    {scope_.define(text_member(value, "as_name"), Kind::integer), {}, {}});
            }
        }
    }

    void add_tensor(Node& node, const std::string& name) {
        const auto meta = shapes_->find(name);
        expect(meta != shapes_->end(), "the file does not specify the shape of '{}'", name);
        auto shape = shape_of(*meta);
        int64_t elements = 1;
        for (const auto size : shape) {
            const auto times = std::max<int64_t>(size, 1);
            expect(times <= most_elements && elements <= most_elements / times,
                   "its result would have the shape [{}], which is too large",
                   fmt::join(shape, ", "));
            elements *= times;
        }
        node.outputs.push_back({scope_.define(name, Kind::tensor), std::move(shape), name});
    }

    int base_of(int slot) const {
        const auto found = bases_.find(slot);
        return found == bases_.end() ? slot : found->second;
    }

    /// Which values share memory, and whether the node writes to the images, a weight or a count.
    void note_writes(Node& node, const c10::FunctionSchema& schema) {
        for (size_t i = 0; i < schema.arguments().size(); ++i) {
            const auto* alias = schema.arguments()[i].alias_info();
            if (alias == nullptr || !alias->isWrite()) {
                continue;
            }
            const auto written = base_of(value_at(node, i));
            program_.copies_input = program_.copies_input || written == program_.input;
            if (const auto state = states_.find(written); state != states_.end()) {
                const auto& name = program_.states[state->second].name;
                expect(program_.states[state->second].kind != State::Kind::constant,
                       "it writes to the constant '{}'", name);
                if (name.ends_with("num_batches_tracked")) {
                    node.counts_batches = true;
                    node.module = modules_.at(parent_of(name));
                    counted_.insert(node.module);
                }
            }
        }
        // In evaluation mode, dropout returns its input itself; `contiguous` and others may, too.
        const bool may_share = schema.name().ends_with("dropout") ||
                               std::ranges::any_of(schema.returns(), [](const auto& result) {
                                   return result.alias_info() != nullptr;
                               });
        if (may_share && !schema.arguments().empty() && value_at(node, 0) >= 0) {
            for (const auto& output : node.outputs) {
                bases_[output.slot] = base_of(value_at(node, 0));
            }
        }
    }

    /// If a node makes or enlarges a tensor, its size argument must match the shape in the file.
    void check_sizes(Node& node, const c10::FunctionSchema& schema) {
        for (const auto* const name : {"size", "shape", "output_size", "repeats", "pad", "dims"}) {
            const auto position = schema.argumentIndexWithName(name);
            if (position && (node.arguments[static_cast<size_t>(*position)].isIntList() ||
                             std::ranges::any_of(node.patches, [&](const Patch& patch) {
                                 return patch.position == static_cast<size_t>(*position) &&
                                        patch.kind == Patch::Kind::integers;
                             }))) {
                node.size_argument = static_cast<size_t>(*position);
            }
        }
        if (!node.size_argument || node.outputs.empty() || !node.outputs[0].shape ||
            !node.arguments[*node.size_argument].isIntList()) {
            return;
        }
        const auto& claimed = *node.outputs[0].shape;
        const auto sizes = node.arguments[*node.size_argument].toIntVector();
        const bool is_shape =
            schema.argumentIndexWithName("size") && sizes.size() == claimed.size();
        for (size_t i = 0; is_shape && i < sizes.size(); ++i) {
            expect(sizes[i] < 0 || claimed[i] < 0 || sizes[i] == claimed[i],
                   "it produces a tensor of shape [{}], but the file specifies [{}]",
                   fmt::join(sizes, ", "), fmt::join(claimed, ", "));
        }
        int64_t elements = 1;
        for (const int64_t size : sizes) {
            const auto times = std::max<int64_t>(std::abs(std::max(size, -most_elements)), 1);
            expect(times <= most_elements && elements <= most_elements / times,
                   "its sizes are too large");
            elements *= times;
        }
    }

    void read_outputs(const Json& signature, const Json& graph) {
        expect(
            list_member(graph, "outputs").size() == list_member(signature, "output_specs").size(),
            "its graph and its signature have different numbers of outputs");
        for (const auto& spec : list_member(signature, "output_specs")) {
            const auto [kind, value] = only_member(spec);
            if (kind == "user_output") {
                const auto [type, arg] = only_member(member(value, "arg"));
                expect(type == "as_tensor" && program_.output < 0,
                       "its network has outputs other than one tensor of logits: export a module "
                       "that returns only logits");
                program_.output = scope_.find_tensor(text_member(arg, "name"));
            } else if (kind == "buffer_mutation") {
                const auto& name = text_member(value, "buffer_name");
                const auto state =
                    std::ranges::find_if(program_.states, [&](const State& candidate) {
                        return candidate.name == name && candidate.kind == State::Kind::buffer;
                    });
                expect(state != program_.states.end(),
                       "it writes to the buffer '{}', which does not exist", name);
                program_.written_back.emplace_back(
                    state->slot, scope_.find_tensor(text_member(member(value, "arg"), "name")));
            } else {
                expect(kind == "user_input_mutation",
                       "its network has an output of kind '{}', which is not supported", kind);
            }
        }
        expect(program_.output >= 0, "its network does not return a tensor of logits");
    }

    Program& program_;
    Scope scope_;
    const Json* shapes_ = nullptr;
    std::map<std::string, int> modules_;
    std::map<int, size_t> states_;  ///< by slot
    std::map<int, int> bases_;      ///< of values that share memory with another value
    std::set<int> counted_;         ///< modules whose batches a node counts
    std::map<std::string, std::pair<size_t, int>> ends_;  ///< node and module for each call
};

}  // namespace

Program parse_program(std::string json) {
    Program program;
    const auto parsed = parse_json(json, "graph");
    Parser(program).parse(parsed);
    program.json = parsed.dump();
    return program;
}

}  // namespace hfc::model::exported
