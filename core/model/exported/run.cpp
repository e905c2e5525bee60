// The interpreter. It makes one boxed call for each node of the graph.
#include "base/error.h"
#include "model/exported/exported_model.h"
#include "model/exported/program.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace hfc::model {
namespace {

using exported::Element;
using exported::Node;
using exported::Patch;
using exported::SizeOperator;

/// The limit for one tensor that is created from a list of sizes.
constexpr int64_t most_elements = int64_t{1} << 31;

int64_t calculate(SizeOperator op, int64_t a, int64_t b) {
    int64_t result = 0;
    switch (op) {
        case SizeOperator::add:
            require(!__builtin_add_overflow(a, b, &result), "a size is too large");
            return result;
        case SizeOperator::sub:
            require(!__builtin_sub_overflow(a, b, &result), "a size is too large");
            return result;
        case SizeOperator::mul:
            require(!__builtin_mul_overflow(a, b, &result), "a size is too large");
            return result;
        case SizeOperator::neg:
            require(!__builtin_sub_overflow(int64_t{0}, a, &result), "a size is too large");
            return result;
        case SizeOperator::floordiv:
        case SizeOperator::mod: {
            require(b > 0, "a size cannot be divided by {}", b);
            const int64_t rest = ((a % b) + b) % b;
            return op == SizeOperator::mod ? rest : (a - rest) / b;
        }
        case SizeOperator::eq:
            return a == b;
        case SizeOperator::ne:
            return a != b;
        case SizeOperator::lt:
            return a < b;
        case SizeOperator::le:
            return a <= b;
        case SizeOperator::gt:
            return a > b;
        case SizeOperator::ge:
            return a >= b;
        case SizeOperator::max:
            return std::max(a, b);
        case SizeOperator::min:
            return std::min(a, b);
        case SizeOperator::none:
            break;
    }
    fail("this operator is not supported for tensor sizes");
}

}  // namespace

/// One pass through the graph.
class ExportedRun {
  public:
    ExportedRun(ExportedModel& model, const at::Tensor& images)
        : model_(model),
          program_(model.program()),
          device_(images.device()),
          values_(static_cast<size_t>(program_.slots)) {
        for (size_t i = 0; i < program_.states.size(); ++i) {
            value(program_.states[i].slot) = model.tensors_[i];
        }
        value(program_.input) = program_.copies_input ? images.clone() : images;
    }

    at::Tensor run() {
        for (const auto& node : program_.nodes) {
            try {
                step(node);
                call_hooks(node);
            } catch (const c10::Error& error) {
                fail("the network failed at {}: {}", program_.place(node), short_message(error));
            } catch (const Error& error) {
                fail("the network failed at {}: {}", program_.place(node), error.what());
            }
            for (const int slot : node.released) {
                value(slot) = {};
            }
        }
        write_back();
        return value(program_.output).toTensor();
    }

  private:
    c10::IValue& value(int slot) { return values_[static_cast<size_t>(slot)]; }
    const c10::IValue& of(const Element& element) {
        return element.slot < 0 ? element.constant : value(element.slot);
    }

    bool is_training(const Node& node) const {
        const auto& module = model_.modules_[static_cast<size_t>(node.module)];
        return module ? module->is_training() : model_.is_training();
    }

    bool has_hooks(const Node& node) const {
        return std::ranges::any_of(node.ends, [&](int module) {
            return model_.modules_[static_cast<size_t>(module)]->has_hooks();
        });
    }

    void call_hooks(const Node& node) {
        if (has_hooks(node)) {
            auto result = value(node.outputs[0].slot).toTensor();
            for (const int module : node.ends) {
                result = model_.modules_[static_cast<size_t>(module)]->observed(result);
            }
            value(node.outputs[0].slot) = std::move(result);
        }
    }

    void step(const Node& node) {
        if (node.arithmetic != SizeOperator::none) {
            const auto result =
                calculate(node.arithmetic, of(node.operands[0]).toInt(),
                          node.operands.size() > 1 ? of(node.operands[1]).toInt() : 0);
            const bool comparison =
                node.arithmetic >= SizeOperator::eq && node.arithmetic <= SizeOperator::ge;
            value(node.outputs[0].slot) =
                comparison ? c10::IValue(result != 0) : c10::IValue(result);
            return;
        }
        if (node.norm >= 0 && folds(node, program_.nodes[static_cast<size_t>(node.norm)])) {
            return;  // computed together with the norm
        }
        if (node.counts_batches && !is_training(node)) {
            if (!node.outputs.empty() && node.outputs[0].slot >= 0) {
                value(node.outputs[0].slot) = value(node.patches[0].elements[0].slot);
            }
            return;
        }
        auto stack = node.arguments;
        fill(node, stack);
        if (node.convolution >= 0 && stack[0].isNone()) {
            auto& convolution = program_.nodes[static_cast<size_t>(node.convolution)];
            value(node.outputs[0].slot) = folded(convolution, stack);
            return;
        }
        if (node.is_norm && is_training(node)) {
            const auto& x = stack[0].toTensor();
            require(x.dim() < 2 || x.numel() != x.size(1),
                    "BatchNorm: Expected more than 1 value per channel when training, got input "
                    "size [{}]",
                    fmt::join(x.sizes(), ", "));
        }
        if (node.count_slot >= 0 && is_training(node)) {
            value(node.count_slot).toTensor().add_(1);
        }
        node.call->callBoxed(&stack);
        store(node, stack);
    }

    void fill(const Node& node, std::vector<c10::IValue>& stack) {
        for (const auto& patch : node.patches) {
            auto& argument = stack[patch.position];
            switch (patch.kind) {
                case Patch::Kind::value:
                    argument = value(patch.elements[0].slot);
                    break;
                case Patch::Kind::mode:
                    argument = is_training(node);
                    break;
                case Patch::Kind::device:
                    argument = device_;
                    break;
                case Patch::Kind::integers:
                    argument = integers(patch, node.size_argument == patch.position);
                    break;
                case Patch::Kind::tensors: {
                    c10::List<at::Tensor> list;
                    list.reserve(patch.elements.size());
                    for (const auto& element : patch.elements) {
                        list.push_back(of(element).toTensor());
                    }
                    argument = std::move(list);
                    break;
                }
                case Patch::Kind::optional_tensors: {
                    c10::List<std::optional<at::Tensor>> list;
                    for (const auto& element : patch.elements) {
                        list.push_back(element.slot < 0
                                           ? std::optional<at::Tensor>()
                                           : std::optional(value(element.slot).toTensor()));
                    }
                    argument = std::move(list);
                    break;
                }
            }
        }
    }

    c10::List<int64_t> integers(const Patch& patch, bool sets_size) {
        c10::List<int64_t> list;
        list.reserve(patch.elements.size());
        int64_t elements = 1;
        for (const auto& element : patch.elements) {
            const auto size = of(element).toInt();
            if (sets_size) {
                const auto times = std::max<int64_t>(size, 1);
                require(times <= most_elements && elements <= most_elements / times,
                        "its sizes are too large");
                elements *= times;
            }
            list.push_back(size);
        }
        return list;
    }

    const at::Tensor& argument(const Node& node, size_t position) {
        static const at::Tensor none;
        for (const auto& patch : node.patches) {
            if (patch.position == position && patch.kind == Patch::Kind::value) {
                return value(patch.elements[0].slot).toTensor();
            }
        }
        return none;
    }

    /// Whether to fold the norm into the convolution before it: only in evaluation mode and if no
    /// weight is being trained. Folding scales all weights, so it is slower than normalising if
    /// there are fewer pixels than weights per output channel.
    bool folds(const Node& convolution, const Node& norm) {
        if (is_training(norm) || has_hooks(convolution)) {
            return false;
        }
        const auto learns = [](const at::Tensor& weight) {
            return weight.defined() && weight.requires_grad();
        };
        const auto& x = argument(convolution, 0);
        const auto& weight = argument(convolution, 1);
        if (at::GradMode::is_enabled() &&
            (learns(weight) || learns(argument(convolution, 2)) || learns(argument(norm, 1)) ||
             learns(argument(norm, 2)))) {
            return false;
        }
        return x.dim() == 4 && weight.dim() == 4 && argument(norm, 3).defined() &&
               x.size(0) * x.size(2) * x.size(3) >= weight[0].numel();
    }

    at::Tensor folded(const Node& convolution, const std::vector<c10::IValue>& norm) {
        auto stack = convolution.arguments;
        fill(convolution, stack);
        auto scale = (norm[4].toTensor() + norm[7].toDouble()).rsqrt();
        if (norm[1].isTensor() && norm[1].toTensor().defined()) {
            scale = scale * norm[1].toTensor();
        }
        auto shift = -norm[3].toTensor() * scale;
        if (norm[2].isTensor() && norm[2].toTensor().defined()) {
            shift = shift + norm[2].toTensor();
        }
        const auto& weight = stack[1].toTensor();
        if (stack[2].isTensor() && stack[2].toTensor().defined()) {
            shift = shift + stack[2].toTensor() * scale;
        }
        stack[1] = weight * scale.view({-1, 1, 1, 1});
        stack[2] = shift;
        convolution.call->callBoxed(&stack);
        return stack[0].toTensor();
    }

    void keep(const exported::Output& output, c10::IValue result) {
        if (output.slot < 0) {
            return;
        }
        if (output.shape) {
            require(result.isTensor() && result.toTensor().defined(),
                    "it does not return a tensor");
            const auto sizes = result.toTensor().sizes();
            bool equal = sizes.size() == output.shape->size();
            for (size_t i = 0; equal && i < sizes.size(); ++i) {
                equal = (*output.shape)[i] < 0 || (*output.shape)[i] == sizes[i];
            }
            require(equal,
                    "it returns a tensor of shape [{}], but was exported with output shape [{}] "
                    "(-1 means any size)",
                    fmt::join(sizes, ", "), fmt::join(*output.shape, ", "));
        }
        value(output.slot) = std::move(result);
    }

    void store(const Node& node, std::vector<c10::IValue>& stack) {
        if (node.gives_list) {
            const auto list = stack[0].toTensorVector();
            require(list.size() == node.outputs.size(), "it returns {} tensors, expected {}",
                    list.size(), node.outputs.size());
            for (size_t i = 0; i < list.size(); ++i) {
                keep(node.outputs[i], list[i]);
            }
            return;
        }
        for (size_t i = 0; i < node.outputs.size() && i < stack.size(); ++i) {
            keep(node.outputs[i], std::move(stack[i]));
        }
    }

    void write_back() {
        if (!model_.is_training()) {
            return;
        }
        const at::NoGradGuard no_grad;
        for (const auto& [buffer, from] : program_.written_back) {
            value(buffer).toTensor().copy_(value(from).toTensor());
        }
    }

    ExportedModel& model_;
    const exported::Program& program_;
    at::Device device_;
    std::vector<c10::IValue> values_;
};

void ExportedModel::check(const at::Tensor& images) const {
    const auto& shape = program_->input_shape;
    const auto text = fmt::format("[{}]", fmt::join(images.sizes(), ", "));
    require(images.dim() == static_cast<int64_t>(shape.size()),
            "the network was exported for images with {} dimensions, got shape {}", shape.size(),
            text);
    require(shape.empty() || shape[0] < 0 || shape[0] == images.size(0),
            "the network was exported for a batch size of {}, got {} images; export it again with "
            "dynamic_shapes",
            shape.empty() ? 0 : shape[0], images.size(0));
    for (size_t i = 1; i < shape.size(); ++i) {
        require(shape[i] < 0 || shape[i] == images.size(static_cast<int64_t>(i)),
                "the network was exported for images of shape [{}], got {}; for other sizes, "
                "export it again with dynamic_shapes",
                fmt::join(shape, ", "), text);
    }
}

at::Tensor ExportedModel::forward(const at::Tensor& images) {
    check(images);
    follow(images);
    return ExportedRun(*this, images).run();
}

}  // namespace hfc::model
