// The random numbers of one image. They depend only on a seed, a purpose and the image's index.
#pragma once

#include "corrupt/picture.h"

#include <string>

namespace hfc::corrupt {

class RandomDraws : public Draws {
  public:
    /// sample: int64 [1], the index of the image in its source.
    RandomDraws(at::Tensor sample, uint64_t seed, std::string purpose);

    std::vector<double> uniform(int64_t count, double low, double high) override;
    std::vector<double> normal(int64_t count, double mean, double deviation) override;
    std::vector<int64_t> integers(int64_t count, int64_t low, int64_t high) override;
    std::vector<double> poisson(const Bytes& bytes, double scale) override;

  private:
    std::string next_purpose();

    at::Tensor sample_;
    uint64_t seed_;
    std::string purpose_;
    int64_t asked_ = 0;
};

}  // namespace hfc::corrupt
