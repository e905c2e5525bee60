#include "base/random.h"

#include "base/dtype_name.h"
#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>

namespace hfc {

uint64_t derive_seed(uint64_t seed, std::string_view purpose) {
    uint64_t hash = 0xcbf29ce484222325U;
    for (const unsigned char c : purpose) {
        hash = (hash ^ c) * 0x100000001b3U;
    }
    uint64_t z = (hash ^ seed) + 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

at::Generator make_generator(uint64_t seed, std::string_view purpose) {
    return at::detail::createCPUGenerator(derive_seed(seed, purpose));
}

at::Tensor permutation(int64_t n, uint64_t seed, std::string_view purpose, at::ScalarType dtype) {
    return at::randperm(n, make_generator(seed, purpose), dtype);
}

at::Tensor sample_indices(const at::Tensor& samples, int64_t n) {
    if (!samples.defined()) {
        return at::arange(n, at::kLong);
    }
    require(samples.scalar_type() == at::kLong && samples.dim() == 1 && samples.numel() == n,
            "samples must be int64 [{}] (the index of each image in its source), got {} [{}]", n,
            dtype_name(samples.scalar_type()), fmt::join(samples.sizes(), ", "));
    return samples.detach().cpu();
}

}  // namespace hfc
