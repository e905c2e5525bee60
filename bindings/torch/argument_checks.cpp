#include "bindings/torch/argument_checks.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <unordered_map>
#include <unordered_set>

namespace hfc::lua {
namespace {

/// The arguments of a call by name.
class Arguments {
  public:
    Arguments(const Form& form, torch::jit::Stack& values) : form_(form), values_(values) {}

    /// Returns nullptr if the form has no such parameter or the argument was left out.
    c10::IValue* find(const char* name) const {
        for (size_t i = 0; i < form_.parameters.size(); ++i) {
            if (form_.parameters[i].name == name) {
                return values_[i].isNone() ? nullptr : &values_[i];
            }
        }
        return nullptr;
    }
    at::Tensor tensor(const char* name) const {
        const auto* value = find(name);
        return value != nullptr && value->isTensor() ? value->toTensor() : at::Tensor();
    }
    std::vector<at::Tensor> tensors(const char* name) const {
        const auto* value = find(name);
        return value != nullptr && value->isTensorList() ? value->toTensorVector()
                                                         : std::vector<at::Tensor>();
    }
    bool flag(const char* name) const {
        const auto* value = find(name);
        return value != nullptr && value->isBool() && value->toBool();
    }
    int64_t integer(const char* name, int64_t fallback) const {
        const auto* value = find(name);
        return value != nullptr && value->isInt() ? value->toInt() : fallback;
    }

  private:
    const Form& form_;
    torch::jit::Stack& values_;
};

/// Whether the tensor has values to read. A meta tensor has no memory and therefore no values.
bool has_values(const at::Tensor& tensor) {
    return tensor.defined() && !tensor.is_meta() && tensor.numel() > 0;
}

void require_within(const at::Tensor& values, const char* name, double least, double most) {
    if (!has_values(values)) {
        return;
    }
    const auto [low, high] = at::aminmax(values.detach());
    const double smallest = low.item<double>();
    const double largest = high.item<double>();
    require(smallest >= least && largest <= most, "{}: expected values from {} to {}, got {}", name,
            least, most, smallest >= least ? largest : smallest);
}

/// Requires offsets into a list of this many elements: from 0 to `elements`, in ascending order.
void require_offsets(const at::Tensor& offsets, const char* name, int64_t elements) {
    require_within(offsets, name, 0, static_cast<double>(elements));
    if (has_values(offsets) && offsets.dim() > 0 && offsets.size(-1) > 1) {
        require(at::diff(offsets).ge(0).all().item<bool>(),
                "{}: expected values in ascending order", name);
    }
}

void check_segment_reduce(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    require(!arguments.flag("unsafe"),
            "unsafe: expected false, because lengths and offsets are always checked");
    const auto data = arguments.tensor("data");
    const auto offsets = arguments.tensor("offsets");
    const auto axis = arguments.integer("axis", 0);
    if (offsets.defined() && data.dim() > 0) {
        require_offsets(offsets, "offsets", data.size(at::maybe_wrap_dim(axis, data.dim())));
    }
}

/// PyTorch checks the lengths, but not the class indices.
void check_ctc_loss(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    const auto log_probs = arguments.tensor("log_probs");
    if (log_probs.dim() > 0) {
        require_within(arguments.tensor("targets"), "targets", 0,
                       static_cast<double>(log_probs.size(-1) - 1));
    }
}

void check_fractional_pool(const Form& form, torch::jit::Stack& values) {
    const auto samples = Arguments(form, values).tensor("random_samples");
    if (has_values(samples)) {
        const bool inside = samples.ge(0).logical_and(samples.lt(1)).all().item<bool>();
        require(inside, "random_samples: expected values >= 0 and < 1");
    }
}

void check_embedding_bag(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    const auto weight = arguments.tensor("weight");
    const auto indices = arguments.tensor("indices");
    const auto offsets = arguments.tensor("offsets");
    require(weight.dim() == 2, "weight: expected 2 dimensions, got {}", describe_tensor(weight));
    require(indices.dim() == 1, "indices: expected 1 dimension, got {}", describe_tensor(indices));
    require(offsets.dim() == 1, "offsets: expected 1 dimension, got {}", describe_tensor(offsets));
    require(!arguments.flag("include_last_offset") || offsets.numel() > 0,
            "offsets: include_last_offset requires at least one offset, got none");
    require_offsets(offsets, "offsets", indices.numel());
}

void check_lu_solve(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    const auto decomposed = arguments.tensor("LU_data");
    const auto pivots = arguments.tensor("LU_pivots");
    require(decomposed.dim() >= 2, "LU_data: expected at least 2 dimensions, got {}",
            decomposed.dim());
    const int64_t size = decomposed.size(-1);
    require(pivots.dim() >= 1 && pivots.size(-1) == size,
            "LU_pivots: expected size {} in the last dimension, got shape [{}]", size,
            fmt::join(pivots.sizes(), ", "));
    require_within(pivots, "LU_pivots", 1, static_cast<double>(size));
}

/// Weights and statistics have one value per channel.
void check_batch_norm(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    const auto input = arguments.tensor("input");
    require(input.dim() >= 2, "input: expected at least 2 dimensions, got {}", input.dim());
    for (const char* name : {"weight", "bias", "running_mean", "running_var", "mean", "invstd"}) {
        const auto tensor = arguments.tensor(name);
        if (tensor.defined()) {
            require(tensor.numel() == input.size(1),
                    "{}: expected one value per channel ({}), got {}", name, input.size(1),
                    describe_tensor(tensor));
        }
    }
}

/// Requires a tensor of this shape; -1 stands for any length.
void require_shape(const at::Tensor& tensor, const char* name, at::IntArrayRef shape) {
    bool fits = tensor.defined() && tensor.dim() == static_cast<int64_t>(shape.size());
    for (size_t i = 0; fits && i < shape.size(); ++i) {
        fits = shape[i] == -1 || tensor.size(static_cast<int64_t>(i)) == shape[i];
    }
    require(fits, "{}: expected shape [{}], got {}", name, fmt::join(shape, ", "),
            tensor.defined() ? describe_tensor(tensor) : "nothing");
}

/// Checks the batch sizes of a packed sequence, which must be in descending order. Returns the
/// first batch size.
int64_t first_batch_size(const at::Tensor& sizes, const at::Tensor& data) {
    require(
        sizes.dim() == 1 && sizes.numel() > 0 && sizes.scalar_type() == at::kLong && sizes.is_cpu(),
        "batch_sizes: expected a CPU Tensor int64 [steps], got {}", describe_tensor(sizes));
    require(data.dim() == 2, "data: expected 2 dimensions, got {}", data.dim());
    require_within(sizes, "batch_sizes", 1, static_cast<double>(data.size(0)));
    require(sizes.numel() == 1 || at::diff(sizes).le(0).all().item<bool>(),
            "batch_sizes: expected values in descending order");
    require(sizes.sum().item<int64_t>() == data.size(0),
            "batch_sizes: expected values that sum to {} (the number of rows in 'data')",
            data.size(0));
    return sizes[0].item<int64_t>();
}

/// PyTorch's recurrent networks, especially with oneDNN, do not check the shapes of their weights.
template <int gates>
void check_recurrent(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    const auto states = arguments.tensors("hx");
    const auto state = states.empty() ? arguments.tensor("hx") : states.front();
    const auto cell = states.size() > 1 ? states[1] : state;
    const auto input = arguments.tensor("input");
    const auto data = arguments.tensor("data");
    require(state.defined() && (gates != 4 || states.size() == 2),
            "hx: expected one state, or two for an LSTM");
    require(data.defined() || input.dim() == 3, "input: expected 3 dimensions, got {}",
            data.defined() ? 0 : input.dim());
    const int64_t batch = data.defined() ? first_batch_size(arguments.tensor("batch_sizes"), data)
                                         : input.size(arguments.flag("batch_first") ? 0 : 1);
    const int64_t directions = arguments.flag("bidirectional") ? 2 : 1;
    const int64_t layers = arguments.integer("num_layers", 1);
    require(layers >= 1 && layers < 10000, "num_layers: expected a value from 1 to 9999, got {}",
            layers);
    require_shape(state, "hx", {layers * directions, batch, -1});
    require_shape(cell, "hx", {layers * directions, batch, -1});
    const int64_t width = state.size(2);
    const int64_t rows = gates * cell.size(2);
    std::vector<std::vector<int64_t>> shapes;
    for (int64_t layer = 0; layer < layers; ++layer) {
        const int64_t inputs =
            layer > 0 ? width * directions : (data.defined() ? data : input).size(-1);
        for (int64_t direction = 0; direction < directions; ++direction) {
            shapes.push_back({rows, inputs});
            shapes.push_back({rows, width});
            if (arguments.flag("has_biases")) {
                shapes.push_back({rows});
                shapes.push_back({rows});
            }
            if (width != cell.size(2)) {
                shapes.push_back({width, cell.size(2)});
            }
        }
    }
    const auto params = arguments.tensors("params");
    require(params.size() == shapes.size(), "params: expected {} Tensors, got {}", shapes.size(),
            params.size());
    for (size_t i = 0; i < shapes.size(); ++i) {
        require_shape(params[i], "params", shapes[i]);
    }
}

/// These convolutions get the kernel size from one argument and the weights from another.
void check_kernel_size(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    const auto weight = arguments.tensor("weight");
    const auto kernel = arguments.find("kernel_size")->toIntVector();
    const auto size = static_cast<int64_t>(kernel.size());
    require(weight.dim() == size + 2 && weight.sizes().slice(2) == at::IntArrayRef(kernel),
            "kernel_size: expected the kernel size of 'weight' ({}), got [{}]",
            describe_tensor(weight), fmt::join(kernel, ", "));
}

/// A negative pivot marks a block of two rows, so it must occur twice in succession.
void check_ldl_solve(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    const auto pivots = arguments.tensor("pivots");
    const auto decomposed = arguments.tensor("LD");
    require(decomposed.dim() >= 2 && pivots.dim() >= 1 && pivots.size(-1) == decomposed.size(-1),
            "pivots: expected one pivot per column of LD, got {}", describe_tensor(pivots));
    if (!has_values(pivots)) {
        return;
    }
    const int64_t size = pivots.size(-1);
    const auto rows = pivots.to(at::kCPU, at::kLong).reshape({-1, size}).contiguous();
    const auto* values_of_row = rows.const_data_ptr<int64_t>();
    for (int64_t row = 0; row < rows.size(0); ++row, values_of_row += size) {
        for (int64_t i = 0; i < size; ++i) {
            const int64_t pivot = values_of_row[i];
            require(pivot != 0 && std::abs(pivot) <= size,
                    "pivots: expected values from 1 to {} or their negatives, got {}", size, pivot);
            if (pivot < 0) {
                require(i + 1 < size && values_of_row[i + 1] == pivot,
                        "pivots: a negative pivot must occur twice in a row, but {} does not",
                        pivot);
                ++i;
            }
        }
    }
}

/// Dividing the smallest integer by -1 ends the process (SIGFPE).
void check_division(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    const auto* mode = arguments.find("rounding_mode");
    const auto self = arguments.tensor("self");
    const auto* other = arguments.find("other");
    const bool whole = self.defined() && at::isIntegralType(self.scalar_type(), false);
    if (!whole || mode == nullptr || other == nullptr || !has_values(self)) {
        return;
    }
    const bool by_minus_one = other->isTensor()
                                  ? at::isIntegralType(other->toTensor().scalar_type(), false) &&
                                        has_values(other->toTensor()) &&
                                        other->toTensor().eq(-1).any().item<bool>()
                                  : other->isScalar() && other->toScalar().isIntegral(false) &&
                                        other->toScalar().toLong() == -1;
    if (!by_minus_one || self.scalar_type() == at::kByte) {
        return;
    }
    const auto smallest = self.min().item<int64_t>();
    const int bits = 8 * static_cast<int>(self.element_size());
    require(smallest != std::numeric_limits<int64_t>::min() >> (64 - bits),
            "the smallest {} value divided by -1 overflows", dtype_name(self.scalar_type()));
}

/// For an integer dtype, a step of 0.5 becomes 0, and the operator divides by it.
void check_range(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    const auto* step = arguments.find("step");
    const auto out = arguments.tensor("out");
    const auto dtype = out.defined()
                           ? out.scalar_type()
                           : static_cast<at::ScalarType>(arguments.integer(
                                 "dtype", static_cast<int64_t>(at::ScalarType::Undefined)));
    const bool whole = dtype != at::ScalarType::Undefined && at::isIntegralType(dtype, true);
    if (whole && step != nullptr && step->isScalar()) {
        const double size = std::abs(step->toScalar().toDouble());
        require(size >= 1, "step: expected an absolute value of at least 1 for {}, got {}",
                dtype_name(dtype), size);
    }
}

/// The kernel writes the noise as if the tensor were contiguous.
void check_rrelu(const Form& form, torch::jit::Stack& values) {
    const auto noise = Arguments(form, values).tensor("noise");
    require(!noise.defined() || noise.is_contiguous(),
            "noise: expected a contiguous tensor, got strides [{}] for {}",
            fmt::join(noise.strides(), ", "), describe_tensor(noise));
}

/// These arguments of sparse and quantised tensors are checked only once, when the tensor is made.
/// The new tensor gets copies, so that a script cannot change the checked values later.
void copy_trusted_arguments(const Form& form, torch::jit::Stack& values) {
    const Arguments arguments(form, values);
    for (const char* name :
         {"indices", "crow_indices", "col_indices", "ccol_indices", "row_indices",
          "compressed_indices", "plain_indices", "scales", "zero_points"}) {
        auto* value = arguments.find(name);
        if (value != nullptr && value->isTensor()) {
            *value = value->toTensor().clone();
        }
    }
}

}  // namespace

ArgumentCheck find_argument_check(const std::string& name) {
    static const std::unordered_map<std::string, ArgumentCheck> checks = {
        {"batch_norm_elemt", check_batch_norm},
        {"batch_norm_update_stats", check_batch_norm},
        {"ctc_loss", check_ctc_loss},
        {"div", check_division},
        {"div_", check_division},
        {"divide", check_division},
        {"divide_", check_division},
        {"embedding_bag", check_embedding_bag},
        {"fractional_max_pool2d", check_fractional_pool},
        {"fractional_max_pool3d", check_fractional_pool},
        {"gru", check_recurrent<3>},
        {"linalg_ldl_solve", check_ldl_solve},
        {"lstm", check_recurrent<4>},
        {"lu_solve", check_lu_solve},
        {"native_batch_norm", check_batch_norm},
        {"quantize_per_channel", copy_trusted_arguments},
        {"range", check_range},
        {"rnn_relu", check_recurrent<1>},
        {"rnn_tanh", check_recurrent<1>},
        {"rrelu_with_noise", check_rrelu},
        {"rrelu_with_noise_", check_rrelu},
        {"segment_reduce", check_segment_reduce},
        {"slow_conv3d", check_kernel_size},
        {"slow_conv3d_forward", check_kernel_size},
        {"slow_conv_transpose2d", check_kernel_size},
        {"slow_conv_transpose3d", check_kernel_size},
        {"sparse_bsc_tensor", copy_trusted_arguments},
        {"sparse_bsr_tensor", copy_trusted_arguments},
        {"sparse_compressed_tensor", copy_trusted_arguments},
        {"sparse_coo_tensor", copy_trusted_arguments},
        {"sparse_csc_tensor", copy_trusted_arguments},
        {"sparse_csr_tensor", copy_trusted_arguments},
    };
    const auto found = checks.find(name);
    return found == checks.end() ? nullptr : found->second;
}

bool gives_trusted_tensors(const std::string& name) {
    static const std::unordered_set<std::string> names = {
        "_indices", "ccol_indices", "col_indices",          "crow_indices",
        "indices",  "row_indices",  "q_per_channel_scales", "q_per_channel_zero_points"};
    return names.contains(name);
}

}  // namespace hfc::lua
