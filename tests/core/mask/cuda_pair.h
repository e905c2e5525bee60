// The same network on the CPU and on the GPU.
#pragma once

#include "base/device.h"
#include "mask/networks.h"

namespace hfc::test {

/// What is computed on the CPU and on the GPU, by networks with the same weights.
struct CudaPair {
    CudaPair() { gpu->to(parse_device("cuda")); }
    model::ModelPtr cpu = band_model(), gpu = band_model();
    std::pair<at::Tensor, at::Tensor> sample = band_images(24, 3);
    data::Dataset source = data::dataset_of(sample.first, sample.second);
};

}  // namespace hfc::test
