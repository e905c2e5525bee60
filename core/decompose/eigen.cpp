#include "decompose/eigen.h"

#include "base/error.h"
#include "decompose/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace hfc::decompose {

SymmetricEigen::SymmetricEigen(int64_t n)
    : n_(n),
      matrix_(n * n),
      diagonal_(n),
      beside_(n),
      factors_(n),
      scratch_(4 * n),
      order_(n),
      values_(n),
      block_(n * block_width) {}

void SymmetricEigen::decompose(const double* matrix) {
    std::copy_n(matrix, n_ * n_, matrix_.begin());
    tridiagonalise(n_, matrix_.data(), diagonal_.data(), beside_.data(), factors_.data(),
                   scratch_.data());
    find_values();
    std::iota(order_.begin(), order_.end(), int64_t{0});
    std::ranges::stable_sort(order_, std::greater<>(), [&](int64_t i) { return diagonal_[i]; });
    std::ranges::transform(order_, values_.begin(), [&](int64_t i) { return diagonal_[i]; });
}

void SymmetricEigen::find_values() {
    rotations_.clear();
    sweeps_.clear();
    double norm = 0;
    for (int64_t i = 0; i < n_; ++i) {
        norm = std::max(norm, std::abs(diagonal_[i]) + (i + 1 < n_ ? std::abs(beside_[i]) : 0));
    }
    // The rounding error of the matrix itself.
    const double negligible = norm * std::numeric_limits<double>::epsilon() / 2;
    for (int64_t begin = 0; begin < n_; ++begin) {
        for (int tries = 0;; ++tries) {
            int64_t end = begin;
            while (end + 1 < n_ && std::abs(beside_[end]) > negligible) {
                ++end;
            }
            if (end == begin) {
                break;
            }
            require(tries < 100, "the eigenvalues of a {} x {} matrix did not converge", n_, n_);
            sweep(begin, end);
        }
    }
}

/// One implicit QL step with Wilkinson's shift on rows begin .. end (Bowdler, Martin, Reinsch and
/// Wilkinson 1968).
void SymmetricEigen::sweep(int64_t begin, int64_t end) {
    auto& d = diagonal_;
    auto& e = beside_;
    const auto ratio = (d[begin + 1] - d[begin]) / (2 * e[begin]);
    double g =
        d[end] - d[begin] + e[begin] / (ratio + std::copysign(std::hypot(ratio, 1.0), ratio));
    double sine = 1, cosine = 1, shift = 0;
    int64_t i = end - 1;
    for (; i >= begin; --i) {
        const double f = sine * e[i];
        const double b = cosine * e[i];
        const double length = std::sqrt(f * f + g * g);
        e[i + 1] = length;
        if (length == 0) {
            break;
        }
        const double inverse = 1 / length;
        sine = f * inverse;
        cosine = g * inverse;
        g = d[i + 1] - shift;
        const double r = (d[i] - g) * sine + 2 * cosine * b;
        shift = sine * r;
        d[i + 1] = g + shift;
        g = cosine * r - b;
        rotations_.push_back(cosine);
        rotations_.push_back(sine);
    }
    sweeps_.push_back({i + 1, end - 1 - i});
    if (i >= begin) {
        d[i + 1] -= shift;
    } else {
        d[begin] -= shift;
        e[begin] = g;
    }
    e[end] = 0;
}

void SymmetricEigen::vectors(int64_t first, int64_t count, float* out, int64_t stride) {
    for (int64_t done = 0; done < count; done += block_width) {
        const auto width = std::min(block_width, count - done);
        std::ranges::fill(block_, 0.0);
        for (int64_t j = 0; j < width; ++j) {
            block_[order_[first + done + j] * block_width + j] = 1;
        }
        const double* rotations = rotations_.data() + rotations_.size();
        for (auto sweep = sweeps_.rbegin(); sweep != sweeps_.rend(); ++sweep) {
            rotations -= 2 * sweep->count;
            rotate_back(block_.data(), sweep->begin, sweep->count, rotations);
        }
        reflect_back(block_.data(), n_, matrix_.data(), factors_.data());
        for (int64_t row = 0; row < n_; ++row) {
            for (int64_t j = 0; j < width; ++j) {
                out[row * stride + done + j] = static_cast<float>(block_[row * block_width + j]);
            }
        }
    }
}

}  // namespace hfc::decompose
