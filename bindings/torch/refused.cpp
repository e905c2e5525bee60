#include "bindings/torch/refused.h"

#include <unordered_map>
#include <unordered_set>

namespace hfc::lua {
namespace {

bool inner_refused = false;

/// Internal operators that check their arguments. Each was tested with arguments of every kind.
bool is_checked(const std::string& name) {
    static const std::unordered_set<std::string> names = {"_adaptive_avg_pool2d",
                                                          "_adaptive_avg_pool3d",
                                                          "_aminmax",
                                                          "_conj",
                                                          "_conj_physical",
                                                          "_dim_arange",
                                                          "_efficientzerotensor",
                                                          "_euclidean_dist",
                                                          "_indices",
                                                          "_int_mm",
                                                          "_is_all_true",
                                                          "_is_any_true",
                                                          "_is_zerotensor",
                                                          "_lazy_clone",
                                                          "_linalg_det",
                                                          "_linalg_eigh",
                                                          "_linalg_slogdet",
                                                          "_linalg_solve_ex",
                                                          "_linalg_svd",
                                                          "_local_scalar_dense",
                                                          "_log_softmax",
                                                          "_make_dual",
                                                          "_neg_view",
                                                          "_nnz",
                                                          "_safe_softmax",
                                                          "_sample_dirichlet",
                                                          "_shape_as_tensor",
                                                          "_softmax",
                                                          "_sparse_log_softmax",
                                                          "_sparse_mm",
                                                          "_sparse_softmax",
                                                          "_sparse_sum",
                                                          "_standard_gamma",
                                                          "_to_copy",
                                                          "_trilinear",
                                                          "_unique",
                                                          "_unique2",
                                                          "_unpack_dual",
                                                          "_values",
                                                          "_version"};
    const bool of_a_kind = name.starts_with("__") || name.starts_with("_cast_") ||
                           name.starts_with("_foreach_") || name.starts_with("_upsample_");
    return of_a_kind || names.contains(name);
}

/// Internal operators that leave the checks to the Python code that calls them.
bool is_inner(const std::string& name) {
    return name.starts_with('_') && !is_checked(name);
}

/// Operators that only trusted scripts may use: the sandbox refuses them.
bool is_for_trusted_scripts(const std::string& name) {
    return name == "from_file" || name.find("unsafe") != std::string::npos ||
           (name.starts_with('_') && name != "_unique2");
}

}  // namespace

void refuse_inner_operators() {
    inner_refused = true;
}

const char* refusal_of(const std::string& name) {
    static const std::unordered_map<std::string, const char*> refused = {
        {"_compute_linear_combination", "use torch.matrix_exp, or torch.tensordot"},
        {"_cummax_helper", "use torch.cummax"},
        {"_cummin_helper", "use torch.cummin"},
        {"_dyn_quant_matmul_4bit", "it trusts the sizes it is given"},
        {"_fft_c2c", "use torch.fft"},
        {"_fft_c2r", "use torch.fft"},
        {"_fft_r2c", "use torch.fft"},
        {"_foreach_copy", "use Tensor:copy_"},
        {"_foreach_lerp_", "use Tensor:lerp_"},
        {"_fused_moving_avg_obs_fq_helper_functional", "it trusts the sizes it is given"},
        {"_linalg_eigvals", "use torch.linalg_eigvals"},
        {"_logcumsumexp", "use torch.logcumsumexp"},
        {"_nested_compute_contiguous_strides_offsets", "it trusts the sizes it is given"},
        {"_new_zeros_with_same_feature_meta", "use Tensor:new_zeros"},
        {"_nnpack_spatial_convolution", "use torch.conv2d"},
        {"_pad_packed_sequence", "it trusts the sizes it is given"},
        {"_pdist_forward", "use torch.pdist"},
        {"_remove_batch_dim", "it is part of torch.vmap, which exists only in Python"},
        {"_reshape_alias_copy", "use torch.reshape"},
        {"_saturate_weight_to_fp16", "it trusts the sizes it is given"},
        {"_stack", "use torch.stack"},
        {"_transform_bias_rescale_qkv", "use torch.scaled_dot_product_attention"},
        {"_weight_norm_interface", "use torch.norm_except_dim"},
        {"fbgemm_linear_quantize_weight", "it trusts the sizes it is given"},
        {"fbgemm_pack_gemm_matrix_fp16", "it trusts the sizes it is given"},
        {"mkldnn_rnn_layer", "use torch.lstm"},
        {"quantized_lstm_cell", "use torch.lstm_cell"},
        {"_weight_norm", "use torch.norm_except_dim"},
        {"_cholesky_solve_helper", "use torch.cholesky_solve"},
        {"_chunk_cat", "use torch.chunk and torch.cat"},
        {"_convert_indices_from_csr_to_coo", "it trusts the indices it is given"},
        {"_dyn_quant_pack_4bit_weight", "it trusts the sizes it is given"},
        {"_nested_from_padded", "it trusts the sizes it is given"},
        {"fused_moving_avg_obs_fake_quant", "it trusts the sizes it is given"},
    };
    if (name.find("_backward") != std::string::npos) {
        return "call the operator itself, then backward()";
    }
    if (inner_refused && is_for_trusted_scripts(name)) {
        return "the sandbox does not provide PyTorch's internal operators";
    }
    const auto found = refused.find(name);
    if (found != refused.end()) {
        return found->second;
    }
    if (is_inner(name)) {
        return "operators whose names start with '_' are internal to PyTorch; use the operator "
               "without '_'";
    }
    const bool packed = name.starts_with("fbgemm_") || name.starts_with("quantized_");
    return packed ? "it trusts the sizes it is given" : nullptr;
}

}  // namespace hfc::lua
