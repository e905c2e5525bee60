// Derives the properties of a graph that can be found only after all of its nodes have been read.
#include "model/exported/scope.h"

#include <algorithm>
#include <functional>

namespace hfc::model::exported {
namespace {

class Finisher {
  public:
    Finisher(Program& program, const std::set<int>& counted)
        : program_(program), counted_(counted) {
        for (size_t i = 0; i < program.modules.size(); ++i) {
            modules_[program.modules[i].path] = static_cast<int>(i);
        }
        for (size_t i = 0; i < program.states.size(); ++i) {
            states_[program.states[i].slot] = i;
        }
    }

    void finish() {
        for (auto& node : program_.nodes) {
            std::ranges::sort(node.ends, std::greater());  // children come after their parents
        }
        follow_modes();
        find_folds();
        release();
    }

  private:
    struct Flag {
        size_t node;
        size_t position;
        bool on;
    };

    std::vector<Flag> find_flags() {
        std::vector<Flag> flags;
        for (size_t n = 0; n < program_.nodes.size(); ++n) {
            auto& node = program_.nodes[n];
            if (!node.call) {
                continue;
            }
            const auto& schema = node.call->schema();
            const auto mean = schema.argumentIndexWithName("running_mean");
            const int mean_slot = mean ? value_at(node, static_cast<size_t>(*mean)) : -1;
            if (const auto state = states_.find(mean_slot); state != states_.end()) {
                node.module = modules_.at(parent_of(program_.states[state->second].name));
            }
            for (const auto* const name : {"training", "train", "use_input_stats"}) {
                const auto position = schema.argumentIndexWithName(name);
                // A norm without running statistics uses the batch's statistics in either mode.
                if (!position || (mean && mean_slot < 0)) {
                    continue;
                }
                const auto& flag = node.arguments[static_cast<size_t>(*position)];
                if (flag.isBool()) {
                    flags.push_back({n, static_cast<size_t>(*position), flag.toBool()});
                }
            }
        }
        return flags;
    }

    /// The mode that most nodes have at export is the mode of the model. A node that differs keeps
    /// its own mode.
    void follow_modes() {
        const auto flags = find_flags();
        const auto on = std::ranges::count_if(flags, [](const Flag& flag) { return flag.on; });
        const auto off = static_cast<int64_t>(flags.size()) - on;
        program_.training = on > off || (on == off && (on > 0 || !counted_.empty()));
        std::vector<std::string> differing;
        for (const auto& flag : flags) {
            auto& node = program_.nodes[flag.node];
            if (flag.on == program_.training) {
                node.patches.push_back({flag.position, Patch::Kind::mode, {}});
                node.has_mode = true;
                count_batches(node);
            } else {
                differing.push_back(program_.place(node));
            }
        }
        if (!differing.empty()) {
            const auto count = differing.size();
            differing.resize(std::min<size_t>(count, 3));
            program_.notes.push_back(
                fmt::format("{} of its {} normalisation and dropout layers stay{} in {} mode, as "
                            "exported: {}{}",
                            count, flags.size(), count == 1 ? "s" : "",
                            program_.training ? "evaluation" : "training",
                            fmt::join(differing, ", "), count > 3 ? ", ..." : ""));
        }
    }

    /// A graph exported in evaluation mode does not contain the step that counts the batches of a
    /// norm, so the node itself counts them during training.
    void count_batches(Node& node) {
        if (counted_.contains(node.module) || !node.target.ends_with("batch_norm.default")) {
            return;
        }
        const auto& path = program_.modules[static_cast<size_t>(node.module)].path;
        for (const auto& state : program_.states) {
            if (state.kind == State::Kind::buffer &&
                state.name == (path.empty() ? "" : path + ".") + "num_batches_tracked") {
                node.count_slot = state.slot;
            }
        }
    }

    template <typename Visit>
    static void each_read(const Node& node, Visit&& visit) {
        for (const auto& operand : node.operands) {
            visit(operand.slot);
        }
        for (const auto& patch : node.patches) {
            for (const auto& element : patch.elements) {
                visit(element.slot);
            }
        }
    }

    /// Finds convolutions whose result is read only by a batch_norm.
    void find_folds() {
        std::map<int, int> readers;
        std::map<int, int> makers;
        for (size_t n = 0; n < program_.nodes.size(); ++n) {
            each_read(program_.nodes[n], [&](int slot) { ++readers[slot]; });
            for (const auto& output : program_.nodes[n].outputs) {
                makers[output.slot] = static_cast<int>(n);
            }
        }
        ++readers[program_.output];
        for (size_t n = 0; n < program_.nodes.size(); ++n) {
            auto& node = program_.nodes[n];
            if (node.target != "torch.ops.aten.batch_norm.default" || !node.has_mode) {
                continue;
            }
            const int input = value_at(node, 0);
            const auto maker = makers.find(input);
            if (maker == makers.end() || readers[input] != 1) {
                continue;
            }
            auto& convolution = program_.nodes[static_cast<size_t>(maker->second)];
            const bool adjacent =
                std::all_of(program_.nodes.begin() + maker->second + 1,
                            program_.nodes.begin() + static_cast<std::ptrdiff_t>(n),
                            [](const Node& between) { return between.counts_batches; });
            if (adjacent && convolution.target == "torch.ops.aten.conv2d.default" &&
                states_.contains(value_at(convolution, 1))) {
                convolution.norm = static_cast<int>(n);
                node.convolution = maker->second;
            }
        }
    }

    /// Finds the node after which a value is no longer read.
    void release() {
        std::map<int, size_t> last;
        for (size_t n = 0; n < program_.nodes.size(); ++n) {
            for (const auto& output : program_.nodes[n].outputs) {
                last[output.slot] = n;
            }
            each_read(program_.nodes[n], [&](int slot) { last[slot] = n; });
            // If a convolution is folded into this batch_norm, the batch_norm reads the
            // convolution's inputs.
            if (program_.nodes[n].convolution >= 0) {
                each_read(program_.nodes[static_cast<size_t>(program_.nodes[n].convolution)],
                          [&](int slot) { last[slot] = n; });
            }
        }
        last.erase(program_.output);
        for (const auto& [buffer, value] : program_.written_back) {
            last.erase(value);
        }
        for (const auto& [slot, n] : last) {
            if (slot >= 0 && !states_.contains(slot)) {
                program_.nodes[n].released.push_back(slot);
            }
        }
    }

    Program& program_;
    const std::set<int>& counted_;
    std::map<std::string, int> modules_;
    std::map<int, size_t> states_;  ///< by slot
};

}  // namespace

std::string parent_of(const std::string& name) {
    const auto dot = name.rfind('.');
    return dot == std::string::npos ? "" : name.substr(0, dot);
}

std::string without_call(std::string path) {
    std::string result;
    for (size_t i = 0; i < path.size(); ++i) {
        if (path[i] == '@') {
            while (i + 1 < path.size() && path[i + 1] != '.') {
                ++i;
            }
        } else {
            result += path[i];
        }
    }
    return result;
}

int value_at(const Node& node, size_t position) {
    for (const auto& patch : node.patches) {
        if (patch.position == position && patch.kind == Patch::Kind::value) {
            return patch.elements[0].slot;
        }
    }
    return -1;
}

void finish(Program& program, const std::set<int>& counted) {
    Finisher(program, counted).finish();
}

}  // namespace hfc::model::exported
