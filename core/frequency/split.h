// Low- and high-frequency parts of images, as in section 3 of Wang et al., CVPR 2020.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

namespace hfc::frequency {

/// Which frequencies belong to the low part for radius r. d: a frequency's distance from the zero
/// frequency.
enum class Rule {
    inclusive,  ///< d <= r, as in the paper
    exclusive,  ///< d < r, as in the authors' code
};

/// "<=" or "<". Throws Error for anything else.
Rule parse_rule(std::string_view text);

struct SplitOptions {
    Rule rule = Rule::inclusive;
    bool low = true;   ///< compute the low parts
    bool high = true;  ///< compute the high parts, x - x_low
};

/// One tensor per radius, each with x's shape; empty if not requested.
struct Parts {
    std::vector<at::Tensor> low;
    std::vector<at::Tensor> high;
};

/// Splits each channel by its two-dimensional Fourier transform: low(r) keeps the frequencies
/// within `r` bins of the zero frequency (at floor(H/2), floor(W/2) after fftshift), and high(r) =
/// x - low(r). x: float32, [..., H, W] with any leading dimensions, any layout (including
/// channels_last) and any device; the parts are contiguous. radii: in frequency bins, non-negative
/// and finite. On the CPU, either our AVX2 code or FFTW does the work, depending on size and
/// processor; on other devices, torch.fft does. On one machine, the results are bit-identical in
/// every run and for any number of threads. Differentiable: the operator is linear and
/// self-adjoint. Throws Error for any other dtype, fewer than two dimensions, a radius that is
/// negative or not finite, and an empty list of radii. Call it with its full name,
/// hfc::frequency::split(), because an unqualified call would also find at::split().
Parts split(const at::Tensor& x, const std::vector<double>& radii,
            const SplitOptions& options = {});

/// split() for one radius and one part.
at::Tensor low_pass(const at::Tensor& x, double radius, Rule rule = Rule::inclusive);
at::Tensor high_pass(const at::Tensor& x, double radius, Rule rule = Rule::inclusive);

/// The mask of the low part: float64 CPU tensor [H, W] of zeros and ones, zero-frequency component
/// first (the layout of fft2, not shifted).
at::Tensor radial_mask(int64_t height, int64_t width, double radius, Rule rule = Rule::inclusive);

}  // namespace hfc::frequency
