// Changes the last layer of an exported network to another number of classes. Rewrites the graph
// with the new sizes, so that copies and saved files also have them.
#include "model/head.h"

#include "base/error.h"
#include "model/exported/exported_model.h"
#include "model/exported/scope.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace hfc::model {
namespace {

using exported::Json;

/// Calls visit(name) for each tensor in a node's arguments or results.
template <typename Visit>
void each_tensor(const Json& value, Visit&& visit) {
    for (const auto& [key, entry] : value.items()) {
        const Json& inner = entry;
        if (key == "as_tensor" ||
            (value.is_array() && inner.contains("name") && inner.size() == 1)) {
            visit(inner.at("name").get<std::string>());
        } else if (inner.is_structured()) {
            each_tensor(inner, visit);
        }
    }
}

/// The node's argument `name`, or null if the node does not have it.
Json argument_of(const Json& node, const char* name) {
    for (const auto& input : node.at("inputs")) {
        if (input.at("name") == name) {
            return input.at("arg");
        }
    }
    return {};
}

/// The name of the tensor in an argument or a result; empty if there is none.
std::string tensor_of(const Json& value) {
    std::string found;
    each_tensor(value, [&](const std::string& tensor) { found = tensor; });
    return found;
}

class HeadResizer {
  public:
    HeadResizer(const std::string& json, int64_t classes)
        : file_(Json::parse(json)),
          signature_(file_.at("graph_module").at("signature")),
          graph_(file_.at("graph_module").at("graph")),
          nodes_(graph_.at("nodes")),
          classes_(classes) {
        for (const auto& spec : signature_.at("input_specs")) {
            const auto [kind, value] = exported::only_member(spec);
            if (kind != "user_input") {
                states_[value.at("arg").at("name").get<std::string>()] =
                    value.value("parameter_name", "");
            }
        }
        find_head();
    }

    std::string layer() const { return exported::parent_of(weight()); }
    /// The names in Python. bias() is empty if there is no bias.
    std::string weight() const { return states_.at(weight_); }
    std::string bias() const { return bias_.empty() ? "" : states_.at(bias_); }

    /// The graph for the new number of classes.
    std::string resized() {
        auto& head = nodes_.at(head_);
        const auto output = tensor_of(head.at("outputs"));
        auto& shape = sizes(output);
        set_size(shape.at(is_linear_ ? shape.size() - 1 : shape.size() - 3));
        set_size(sizes(weight_).at(0));
        if (!bias_.empty()) {
            set_size(sizes(bias_).at(0));
        }
        resized_ = {output};
        for (size_t i = head_ + 1; i < nodes_.size(); ++i) {
            follow(nodes_[i]);
        }
        for (const auto& spec : signature_.at("output_specs")) {
            const auto [kind, value] = exported::only_member(spec);
            require(kind != "user_output" || resized_.contains(tensor_of(value.at("arg"))),
                    "the network's output does not come from its last linear layer '{}'", layer());
        }
        return file_.dump();
    }

  private:
    Json& sizes(const std::string& tensor) {
        return graph_.at("tensor_values").at(tensor).at("sizes");
    }
    void set_size(Json& size) const { size = {{"as_int", classes_}}; }

    /// Finds the last node that has weights.
    void find_head() {
        std::map<std::string, int> readers;
        for (size_t i = 0; i < nodes_.size(); ++i) {
            each_tensor(nodes_[i].at("inputs"), [&](const std::string& name) {
                if (states_.contains(name)) {
                    head_ = i;
                    ++readers[name];
                }
            });
        }
        require(!readers.empty(), "the network has no weights");
        const auto& node = nodes_[head_];
        weight_ = tensor_of(argument_of(node, "weight"));
        bias_ = tensor_of(argument_of(node, "bias"));
        const auto shape = states_.contains(weight_)
                               ? exported::shape_of(graph_["tensor_values"][weight_])
                               : exported::Shape();
        const auto groups = argument_of(node, "groups");
        is_linear_ = node.at("target") == "torch.ops.aten.linear.default";
        const bool is_convolution = node.at("target") == "torch.ops.aten.conv2d.default" &&
                                    shape.size() == 4 && shape[2] == 1 && shape[3] == 1 &&
                                    (groups.is_null() || groups == Json{{"as_int", 1}});
        require((is_linear_ || is_convolution) && !shape.empty() && !layer().empty() &&
                    (bias_.empty() || (states_.contains(bias_) && !bias().empty())),
                "the last operator with weights is neither a linear layer nor a 1x1 convolution: "
                "node '{}' ({})",
                node.value("name", ""), node.at("target").get<std::string>());
        require(readers[weight_] == 1 && (bias_.empty() || readers[bias_] == 1),
                "the last linear layer '{}' shares its weights with another layer", layer());
        old_ = Json{{"as_int", shape[0]}};
    }

    /// Applies the new number of classes to a node after the head. In each of its outputs,
    /// exactly one dimension must have the old number of classes.
    void follow(Json& node) {
        bool reads = false, reads_others = false;
        each_tensor(node.at("inputs"), [&](const std::string& name) {
            (resized_.contains(name) ? reads : reads_others) = true;
        });
        if (!reads) {
            return;
        }
        const auto name = node.value("name", "");
        require(!reads_others,
                "node '{}' combines the output of the last linear layer '{}' with other values",
                name, layer());
        each_tensor(node.at("outputs"), [&](const std::string& tensor) {
            auto& shape = sizes(tensor);
            require(
                std::ranges::count(shape, old_) == 1,
                "it is not clear which output dimension of node '{}' corresponds to the classes",
                name);
            set_size(*std::ranges::find(shape, old_));
            resized_.insert(tensor);
        });
        for (auto& input : node.at("inputs")) {
            if (input.at("name") == "size" || input.at("name") == "shape") {
                for (auto& list : input.at("arg")) {
                    if (list.is_array()) {
                        std::ranges::replace(list, old_, Json{{"as_int", classes_}});
                        std::ranges::replace(list, old_["as_int"], Json(classes_));
                    }
                }
            }
        }
    }

    Json file_;
    Json& signature_;
    Json& graph_;
    Json& nodes_;
    int64_t classes_;
    std::map<std::string, std::string> states_;  ///< from a graph's name to Python's name
    size_t head_ = 0;
    bool is_linear_ = false;
    std::string weight_, bias_;
    Json old_;  ///< the size that changes
    std::set<std::string> resized_;
};

}  // namespace

void ExportedModel::replace_head(int64_t classes, uint64_t seed, const std::string& layer) {
    std::shared_ptr<const exported::Program> program;
    std::string weight, bias, head;
    try {
        HeadResizer resizer(program_->json, classes);
        weight = resizer.weight();
        bias = resizer.bias();
        head = resizer.layer();
        check_head(classes, head, layer);
        program =
            std::make_shared<const exported::Program>(exported::parse_program(resizer.resized()));
    } catch (const tensor_file::Malformed& error) {
        fail("the network cannot have {} classes: {}", classes, error.what());
    } catch (const Json::exception&) {
        fail("the network cannot have {} classes: its graph is damaged", classes);
    }
    for (const auto& [name, first] : tied()) {
        require(name != weight && first != weight && name != bias && first != bias,
                "the last linear layer '{}' shares its weights with another layer", head);
    }
    const auto parameters = named_parameters();
    const auto old = parameters[weight];
    require(
        old.dim() >= 2 && old.numel() > 0 && (bias.empty() || parameters[bias].dim() == 1),
        "the weights of the last linear layer '{}' do not have the shapes that the graph specifies",
        head);
    for (size_t i = 0; i < tensors_.size(); ++i) {
        const auto& name = program->states[i].name;
        if (name == weight || name == bias) {
            tensors_[i] = new_head_tensor(tensors_[i], classes, old.numel() / old.size(0), seed);
            for (size_t m = 1; m < modules_.size(); ++m) {
                if (program->modules[m].path == head) {
                    modules_[m]->set_parameter(name.substr(head.size() + 1), tensors_[i]);
                }
            }
        }
    }
    program_ = std::move(program);
    class_names.clear();
}

}  // namespace hfc::model
