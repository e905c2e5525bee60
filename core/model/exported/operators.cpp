// The operators that a file's graph may call: those that only compute on tensors and have no other
// effect.
#include "model/exported/program.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace hfc::model::exported {
namespace {

/// Names of ATen operators. An operator whose name ends with an underscore writes to its first
/// argument.
constexpr std::string_view allowed[] = {  // activations
    "celu", "celu_", "elu", "elu_", "gelu", "gelu_", "glu", "hardshrink", "hardsigmoid",
    "hardsigmoid_", "hardswish", "hardswish_", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_",
    "log_sigmoid", "log_softmax", "_log_softmax", "mish", "mish_", "prelu", "relu", "relu_",
    "relu6", "relu6_", "rrelu", "selu", "selu_", "sigmoid", "sigmoid_", "silu", "silu_", "softmax",
    "_softmax", "softplus", "softshrink", "tanh", "tanh_", "threshold", "threshold_",
    // arithmetic
    "abs", "acos", "add", "add_", "addcdiv", "addcmul", "asin", "atan", "atan2", "bitwise_and",
    "bitwise_not", "bitwise_or", "bitwise_xor", "ceil", "clamp", "clamp_", "clamp_max",
    "clamp_max_", "clamp_min", "clamp_min_", "clip", "cos", "cosh", "div", "div_", "eq", "erf",
    "erfc", "exp", "exp_", "expm1", "floor", "floor_divide", "fmod", "frac", "ge", "gt", "isfinite",
    "isinf", "isnan", "le", "lerp", "log", "log10", "log1p", "log2", "logical_and", "logical_not",
    "logical_or", "logical_xor", "lt", "masked_fill", "masked_fill_", "maximum", "minimum", "mul",
    "mul_", "multiply", "nan_to_num", "ne", "neg", "pow", "pow_", "reciprocal", "remainder",
    "round", "rsqrt", "rsub", "sign", "sin", "sinh", "sqrt", "square", "sub", "sub_", "tan",
    "true_divide", "trunc", "where",
    // reductions
    "all", "amax", "amin", "any", "argmax", "argmin", "argsort", "cumsum", "linalg_vector_norm",
    "logsumexp", "max", "mean", "min", "norm", "prod", "sort", "std", "std_mean", "sum", "topk",
    "var", "var_mean", "cosine_similarity",
    // matrix products, convolutions
    "addbmm", "addmm", "baddbmm", "bmm", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d", "convolution", "_convolution", "dot", "einsum",
    "embedding", "linear", "matmul", "mm", "mv", "outer", "scaled_dot_product_attention",
    "tensordot",
    // pooling and norms
    "_adaptive_avg_pool2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "avg_pool1d", "avg_pool2d",
    "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool2d_with_indices", "max_pool3d", "batch_norm",
    "group_norm", "instance_norm", "layer_norm", "native_batch_norm", "native_group_norm",
    "native_layer_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training",
    "rms_norm",
    // random numbers
    "alpha_dropout", "alpha_dropout_", "bernoulli", "bernoulli_", "dropout", "dropout_",
    "feature_alpha_dropout", "feature_alpha_dropout_", "feature_dropout", "feature_dropout_",
    "native_dropout", "normal_", "rand", "rand_like", "randn", "randn_like", "uniform_",
    // shapes
    "_to_copy", "_unsafe_view", "alias", "cat", "channel_shuffle", "chunk", "clone", "col2im",
    "concat", "constant_pad_nd", "contiguous", "copy", "copy_", "detach", "detach_", "expand",
    "expand_as", "fill", "fill_", "flatten", "flip", "gather", "im2col", "index", "index_add",
    "index_put", "index_select", "lift_fresh", "lift_fresh_copy", "meshgrid", "movedim", "narrow",
    "numpy_T", "pad", "permute", "pixel_shuffle", "pixel_unshuffle", "reflection_pad1d",
    "reflection_pad2d", "repeat", "repeat_interleave", "replication_pad1d", "replication_pad2d",
    "reshape", "reshape_as", "roll", "scatter", "scatter_add", "select", "select_scatter", "slice",
    "slice_scatter", "split", "split_with_sizes", "squeeze", "stack", "swapaxes", "t", "tile", "to",
    "transpose", "tril", "triu", "type_as", "unbind", "unflatten", "unfold", "unsqueeze", "view",
    "view_as", "zero_",
    // sampling
    "affine_grid_generator", "grid_sampler", "upsample_bicubic2d", "upsample_bilinear2d",
    "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa", "upsample_linear1d", "upsample_nearest1d",
    "upsample_nearest2d", "upsample_nearest3d", "upsample_trilinear3d",
    // new tensors
    "arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "new_empty",
    "new_full", "new_ones", "new_zeros", "ones", "ones_like", "scalar_tensor", "zeros",
    "zeros_like",
    // sizes
    "sym_numel", "sym_size", "_assert_scalar", "_assert_tensor_metadata"};

constexpr std::string_view data_dependent[] = {"item",
                                               "_local_scalar_dense",
                                               "nonzero",
                                               "masked_select",
                                               "unique",
                                               "_unique2",
                                               "unique_dim",
                                               "unique_consecutive",
                                               "sym_constrain_range",
                                               "sym_constrain_range_for_size",
                                               "bincount"};

bool is_plain(const c10::Argument& argument) {
    auto type = argument.real_type();
    if (const auto optional = type->cast<c10::OptionalType>()) {
        type = optional->getElementType();
    }
    const auto kind = type->kind();
    return kind != c10::TypeKind::StorageType && kind != c10::TypeKind::StreamObjType &&
           kind != c10::TypeKind::AnyType && kind != c10::TypeKind::DictType;
}

}  // namespace

c10::OperatorHandle find_operator(const std::string& target) {
    constexpr std::string_view start = "torch.ops.aten.";
    expect(target.starts_with(start), "its operator is not a PyTorch (ATen) operator");
    auto name = target.substr(start.size());
    std::string overload;
    if (const auto dot = name.find('.'); dot != std::string::npos) {
        overload = name.substr(dot + 1);
        name = name.substr(0, dot);
    }
    expect(std::ranges::find(data_dependent, name) == std::end(data_dependent),
           "the size of its result depends on the values of the images, which is not supported");
    expect(std::ranges::find(allowed, name) != std::end(allowed),
           "networks loaded from files are not allowed to call this operator");
    const auto found = c10::Dispatcher::singleton().findSchema(
        {"aten::" + name, overload == "default" ? "" : overload});
    expect(found.has_value(), "this version of PyTorch has no such operator");
    const auto& schema = found->schema();
    for (const auto& argument : schema.arguments()) {
        expect(!argument.is_out() && is_plain(argument),
               "networks loaded from files are not allowed to call this overload of the operator");
    }
    return *found;
}

at::ScalarType scalar_type_of(int64_t number) {
    static const std::map<int64_t, at::ScalarType> types = {
        {1, at::kByte}, {2, at::kChar},  {3, at::kShort},  {4, at::kInt},   {5, at::kLong},
        {6, at::kHalf}, {7, at::kFloat}, {8, at::kDouble}, {12, at::kBool}, {13, at::kBFloat16}};
    const auto found = types.find(number);
    expect(found != types.end(), "its dtype {} is not supported", number);
    return found->second;
}

}  // namespace hfc::model::exported
