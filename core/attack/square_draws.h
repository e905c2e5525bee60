// The random numbers for one query of the Square attack, with one row per image.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace hfc::attack {

class SquareDraws {
  public:
    /// `count` numbers for each sample, int64 [N].
    SquareDraws(const at::Tensor& samples, int64_t count, uint64_t seed,
                const std::string& purpose);

    /// Integers in [0, below), from the numbers in column `column`, or 0 if `below` is 0: int64
    /// [N].
    at::Tensor integers(int64_t column, int64_t below) const;
    /// +1 or -1: [N, count].
    at::Tensor signs(int64_t column, int64_t count) const;
    /// The pattern [s, s], transposed or not depending on the number in `column`, with a sign for
    /// each channel from the columns that follow: [N, channels, s, s].
    at::Tensor tiles(const at::Tensor& pattern, int64_t column, int64_t channels) const;

  private:
    at::Tensor numbers_;
};

}  // namespace hfc::attack
