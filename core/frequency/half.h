// Half spectra: columns 0 to W / 2 of a symmetric mask or of a real image's transform, as rfft2
// returns them.
#pragma once

#include <ATen/core/Tensor.h>

namespace hfc::frequency {

/// The half spectra of real images [..., H, W]: complex [..., H, W / 2 + 1].
at::Tensor half_transform(const at::Tensor& images);

/// Columns 0 to W / 2 of [..., H, W].
at::Tensor half_of(const at::Tensor& full);

/// The symmetric tensor [..., H, width] whose columns 0 to width / 2 are `half`.
at::Tensor full_of(const at::Tensor& half, int64_t width);

/// Symmetrises columns 0 and (for even widths) W / 2, which contain both k and -k. The other
/// columns do not change.
at::Tensor symmetrise_half(const at::Tensor& half, int64_t width);

/// How often each column of a half spectrum occurs in the whole spectrum: 1 or 2. [width / 2 + 1]
at::Tensor column_counts(int64_t width, const at::TensorOptions& options);

/// real(conj(a) * b) of complex tensors.
at::Tensor real_product(const at::Tensor& a, const at::Tensor& b);

}  // namespace hfc::frequency
