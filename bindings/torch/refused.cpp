#include "bindings/torch/refused.h"

#include <unordered_map>

namespace hfc::lua {
namespace {

bool inner_refused = false;

/// Those that read or write files, or leave checks to Python, which calls them.
bool is_inner(const std::string& name) {
    const bool needed = name == "_unique2";  // torch.unique
    return !needed && (name.starts_with('_') || name == "from_file" ||
                       name.find("unsafe") != std::string::npos);
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
        {"_remove_batch_dim", "it belongs to torch.vmap, which is Python's"},
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
    if (inner_refused && is_inner(name)) {
        return "the sandbox has none of PyTorch's inner operators";
    }
    const auto found = refused.find(name);
    return found == refused.end() ? nullptr : found->second;
}

}  // namespace hfc::lua
