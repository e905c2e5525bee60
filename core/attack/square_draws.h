// The random numbers of one query of the Square attack, a row for each image.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace hfc::attack {

class SquareDraws {
  public:
    /// `count` numbers for each sample, int64 [N].
    SquareDraws(const at::Tensor& samples, int64_t count, uint64_t seed,
                const std::string& purpose);

    /// Whole numbers in [0, below), by the number in column `column`; 0 where `below` is 0. int64
    /// [N].
    at::Tensor integers(int64_t column, int64_t below) const;
    /// +1 or -1: [N, count].
    at::Tensor signs(int64_t column, int64_t count) const;
    /// The pattern [s, s], transposed by the number in `column`, with a sign for each channel by
    /// those behind it: [N, channels, s, s].
    at::Tensor tiles(const at::Tensor& pattern, int64_t column, int64_t channels) const;

  private:
    at::Tensor numbers_;
};

}  // namespace hfc::attack
