// Random numbers by Philox. This file is compiled without fused multiplication. The only function
// that it uses from the math library is the square root, which IEEE 754 defines to the last bit.
// The numbers are therefore the same on every machine.
#include "base/clones.h"
#include "base/dtype_name.h"
#include "base/error.h"
#include "base/random.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>

#ifdef __x86_64__
#include <emmintrin.h>
#endif

namespace hfc {
namespace {

/// The number of blocks of four words that are computed side by side.
constexpr int64_t lanes = 16;
constexpr int64_t words_at_once = 4 * lanes;

/// Words for several blocks: word j of block i is word[j][i].
struct Blocks {
    uint32_t word[4][lanes];
};

/// One word of each of two blocks, in the lower halves of the 64-bit elements. The upper halves do
/// not matter.
using Two [[gnu::vector_size(16)]] = uint64_t;

/// The products of the lower halves. Without the intrinsic, the compiler would use shifts and
/// additions.
[[gnu::always_inline]] inline Two wide_product(Two x, uint64_t factor) {
#ifdef __x86_64__
    return reinterpret_cast<Two>(
        _mm_mul_epu32(reinterpret_cast<__m128i>(x), _mm_set1_epi64x(static_cast<int64_t>(factor))));
#else
    return (x & 0xffffffffU) * factor;
#endif
}

/// The number of pairs of blocks that fill the registers.
constexpr int64_t pairs = 2;

/// Replaces the counters of the 2 * pairs blocks from `i` on with their random words.
[[gnu::always_inline]] inline void compute(Blocks& x, int64_t i, uint64_t key) {
    Two word[4][pairs];
    for (int64_t j = 0; j < 4; ++j) {
        for (int64_t p = 0; p < pairs; ++p) {
            word[j][p] = Two{x.word[j][i + 2 * p], x.word[j][i + 2 * p + 1]};
        }
    }
    auto low_key = static_cast<uint32_t>(key), high_key = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        for (int64_t p = 0; p < pairs; ++p) {
            const auto first = wide_product(word[0][p], 0xd2511f53U);
            const auto second = wide_product(word[2][p], 0xcd9e8d57U);
            word[0][p] = (second >> 32) ^ word[1][p] ^ low_key;
            word[1][p] = second;
            word[2][p] = (first >> 32) ^ word[3][p] ^ high_key;
            word[3][p] = first;
        }
        low_key += 0x9e3779b9U;
        high_key += 0xbb67ae85U;
    }
    for (int64_t j = 0; j < 4; ++j) {
        for (int64_t p = 0; p < pairs; ++p) {
            x.word[j][i + 2 * p] = static_cast<uint32_t>(word[j][p][0]);
            x.word[j][i + 2 * p + 1] = static_cast<uint32_t>(word[j][p][1]);
        }
    }
}

[[gnu::always_inline]] inline void compute(Blocks& x, uint64_t key) {
    for (int64_t i = 0; i < lanes; i += 2 * pairs) {
        compute(x, i, key);
    }
}

/// The blocks of one sample's words, starting with block `first`.
[[gnu::always_inline]] inline Blocks blocks_of(uint64_t key, uint64_t sample, uint64_t first) {
    Blocks x;
    for (int64_t i = 0; i < lanes; ++i) {
        const auto block = first + static_cast<uint64_t>(i);
        x.word[0][i] = static_cast<uint32_t>(block);
        x.word[1][i] = static_cast<uint32_t>(block >> 32);
        x.word[2][i] = static_cast<uint32_t>(sample);
        x.word[3][i] = static_cast<uint32_t>(sample >> 32);
    }
    compute(x, key);
    return x;
}

/// Writes the words 4 * first, 4 * first + 1, ... of a sample.
[[gnu::always_inline]] inline void make_words(uint64_t key, uint64_t sample, uint64_t first,
                                              uint32_t* words) {
    const auto x = blocks_of(key, sample, first);
    for (int64_t i = 0; i < lanes; ++i) {
        for (int64_t j = 0; j < 4; ++j) {
            words[4 * i + j] = x.word[j][i];
        }
    }
}

HFC_CLONES("avx2") void make_floats(uint64_t key, uint64_t sample, uint64_t first, float* numbers) {
    uint32_t words[words_at_once];
    make_words(key, sample, first, words);
    for (int64_t i = 0; i < words_at_once; ++i) {
        numbers[i] = static_cast<float>(static_cast<int32_t>(words[i] >> 8)) * 0x1p-24F;
    }
}

HFC_CLONES("avx2")
void make_doubles(uint64_t key, uint64_t sample, uint64_t first, double* numbers) {
    uint32_t words[words_at_once];
    make_words(key, sample, first, words);
    for (int64_t i = 0; i < words_at_once / 2; ++i) {
        const auto wide = uint64_t{words[2 * i + 1]} << 32 | words[2 * i];
        numbers[i] = static_cast<double>(wide >> 11) * 0x1p-53;
    }
}

/// log x for a normal number x > 0, accurate to 1e-8.
[[gnu::always_inline]] inline double logarithm(double x) {
    uint64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    // x = m 2^e with m in [3/4, 3/2).
    constexpr uint64_t one = 0x3ff0000000000000U, half_bit = 0x0008000000000000U;
    const uint64_t up = (bits & half_bit) << 1;
    const auto e = static_cast<int32_t>((bits + up) >> 52) - 1023;
    const uint64_t mantissa = ((bits & 0x000fffffffffffffU) | one) - up;
    double m;
    std::memcpy(&m, &mantissa, sizeof m);
    // log m = 2 artanh s.
    const double s = (m - 1) / (m + 1), z = s * s;
    const double series = 1 + z * (1. / 3 + z * (1. / 5 + z * (1. / 7 + z * (1. / 9))));
    return 2 * s * series + e * std::numbers::ln2;
}

struct Direction {
    double cosine, sine;
};

/// A direction for each of the 2^32 words, evenly spread.
[[gnu::always_inline]] inline Direction direction_of(uint32_t word) {
    // The two upper bits select a quarter of the circle; the rest is the angle f in [-pi/4, pi/4),
    // measured from the middle of the quarter.
    const auto rest = static_cast<int32_t>(word & 0x3fffffffU) - 0x20000000;
    const double f = rest * (std::numbers::pi * 0x1p-31), z = f * f;
    const double sine =
        f * (1 + z * (-1. / 6 + z * (1. / 120 + z * (-1. / 5040 + z * (1. / 362880)))));
    const double cosine =
        1 +
        z * (-1. / 2 + z * (1. / 24 + z * (-1. / 720 + z * (1. / 40320 + z * (-1. / 3628800)))));
    const bool swapped = (word & 0x40000000U) != 0, turned = (word & 0x80000000U) != 0;
    const double x = swapped ? -sine : cosine, y = swapped ? cosine : sine;
    return {turned ? -x : x, turned ? -y : y};
}

/// The Box-Muller transform of pairs of words.
HFC_CLONES("avx2")
void make_normals(uint64_t key, uint64_t sample, uint64_t first, float* numbers) {
    const auto x = blocks_of(key, sample, first);
    float made[4][lanes];
    for (int64_t j = 0; j < 4; j += 2) {
        for (int64_t i = 0; i < lanes; ++i) {
            // (word + 1) / 2^32, in (0,1]; vector instructions convert signed words faster.
            const auto shifted = static_cast<int32_t>(x.word[j][i] ^ 0x80000000U);
            const double u = (shifted + 0x1.00000002p31) * 0x1p-32;
            const double length = std::sqrt(std::max(-2 * logarithm(u), 0.0));
            const auto direction = direction_of(x.word[j + 1][i]);
            made[j][i] = static_cast<float>(length * direction.cosine);
            made[j + 1][i] = static_cast<float>(length * direction.sine);
        }
    }
    for (int64_t i = 0; i < lanes; ++i) {
        for (int64_t j = 0; j < 4; ++j) {
            numbers[4 * i + j] = made[j][i];
        }
    }
}

/// Fills rows of `count` numbers. Each block of four words yields `a_block` numbers.
template <typename Number>
at::Tensor by_sample(const at::Tensor& samples, int64_t count, uint64_t key, at::ScalarType dtype,
                     int64_t a_block,
                     void (*make)(uint64_t key, uint64_t sample, uint64_t first, Number* numbers)) {
    require(samples.defined() && samples.scalar_type() == at::kLong && samples.dim() == 1,
            "samples must be int64 [N], got {}",
            samples.defined() ? fmt::format("{} [{}]", dtype_name(samples.scalar_type()),
                                            fmt::join(samples.sizes(), ", "))
                              : "an undefined tensor");
    const auto indices = samples.to(at::kCPU).contiguous();
    auto result = at::empty({indices.numel(), count}, dtype);
    const auto* index = indices.const_data_ptr<int64_t>();
    auto* numbers = result.mutable_data_ptr<Number>();
    const auto at_once = lanes * a_block;
    const auto grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, count));
    at::parallel_for(0, indices.numel(), grain, [&](int64_t begin, int64_t end) {
        Number made[words_at_once];
        for (int64_t row = begin; row < end; ++row) {
            const auto sample = static_cast<uint64_t>(index[row]);
            for (int64_t i = 0; i < count; i += at_once) {
                make(key, sample, static_cast<uint64_t>(i / a_block), made);
                std::copy_n(made, std::min(at_once, count - i), numbers + row * count + i);
            }
        }
    });
    return result;
}

}  // namespace

std::array<uint32_t, 4> philox(const std::array<uint32_t, 4>& counter, uint64_t key) {
    Blocks x = {};
    for (size_t j = 0; j < 4; ++j) {
        x.word[j][0] = counter[j];
    }
    compute(x, key);
    return {x.word[0][0], x.word[1][0], x.word[2][0], x.word[3][0]};
}

at::Tensor uniform_by_sample(const at::Tensor& samples, int64_t count, uint64_t seed,
                             std::string_view purpose) {
    return by_sample<double>(samples, count, derive_seed(seed, purpose), at::kDouble, 2,
                             make_doubles);
}

at::Tensor uniform_float_by_sample(const at::Tensor& samples, int64_t count, uint64_t seed,
                                   std::string_view purpose) {
    return by_sample<float>(samples, count, derive_seed(seed, purpose), at::kFloat, 4, make_floats);
}

at::Tensor normal_by_sample(const at::Tensor& samples, int64_t count, uint64_t seed,
                            std::string_view purpose) {
    return by_sample<float>(samples, count, derive_seed(seed, purpose), at::kFloat, 4,
                            make_normals);
}

}  // namespace hfc
