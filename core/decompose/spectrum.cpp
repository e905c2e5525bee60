#include "decompose/spectrum.h"

#include "decompose/eigen.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace hfc::decompose {
namespace {

/// Channels are processed in chunks whose Gram matrices (in double) and eigenvectors take up about
/// this many bytes.
constexpr int64_t chunk_bytes = 32 << 20;

at::Tensor gram(const at::Tensor& planes) {
    const auto exact = planes.to(at::kDouble);
    return planes.size(1) <= planes.size(2) ? at::bmm(exact, exact.mT())
                                            : at::bmm(exact.mT(), exact);
}

/// Products use at most half of the eigenvectors: the dominant ones if the rank is small, otherwise
/// the trailing ones.
struct Choice {
    int64_t rank;
    bool dominant;
    int64_t first;
    int64_t count;

    Choice(int64_t of_rank, int64_t n)
        : rank(of_rank),
          dominant(2 * of_rank <= n),
          first(dominant ? 0 : of_rank),
          count(dominant ? of_rank : n - of_rank) {}
};

/// Runs `work(channel, eigen)` for each channel after decomposing its Gram matrix.
void for_each_channel(const at::Tensor& grams,
                      const std::function<void(int64_t, SymmetricEigen&)>& work) {
    const auto n = grams.size(1);
    const auto* const matrices = grams.const_data_ptr<double>();
    at::parallel_for(0, grams.size(0), std::max<int64_t>(1, 64 / n),
                     [&](int64_t begin, int64_t end) {
                         SymmetricEigen eigen(n);
                         for (int64_t channel = begin; channel < end; ++channel) {
                             eigen.decompose(matrices + channel * n * n);
                             work(channel, eigen);
                         }
                     });
}

/// The eigenvectors of each channel for one part, as columns, padded with columns of zeros to the
/// same number.
struct Basis {
    at::Tensor vectors;             ///< float32 [channels, n, most]
    std::vector<uint8_t> dominant;  ///< one per channel
    std::vector<std::vector<float>>
        of;  ///< [n][count] of each channel, until the common number is known
    std::vector<int64_t> counts;
};

void collect(Basis& basis, int64_t n) {
    const auto channels = static_cast<int64_t>(basis.counts.size());
    const auto most = *std::ranges::max_element(basis.counts);
    basis.vectors = at::zeros({channels, n, most}, at::kFloat);
    auto* const out = basis.vectors.mutable_data_ptr<float>();
    for (int64_t channel = 0; channel < channels; ++channel) {
        const auto count = basis.counts[channel];
        for (int64_t row = 0; row < n && count > 0; ++row) {
            std::copy_n(basis.of[channel].data() + row * count, count,
                        out + (channel * n + row) * most);
        }
        basis.of[channel] = {};
    }
}

/// Writes the low and high parts of a chunk. The basis spans the dominant part of some channels and
/// the trailing part of the others.
void project(const at::Tensor& planes, const Basis& basis, at::Tensor low, at::Tensor high) {
    const auto& v = basis.vectors;
    if (planes.size(1) <= planes.size(2)) {
        at::bmm_out(low, v, at::bmm(v.mT(), planes));
    } else {
        at::bmm_out(low, at::bmm(planes, v), v.mT());
    }
    at::sub_out(high, planes, low);
    for (int64_t channel = 0; channel < planes.size(0); ++channel) {
        if (!basis.dominant[channel]) {
            auto* const a = low[channel].mutable_data_ptr<float>();
            std::swap_ranges(a, a + low[channel].numel(), high[channel].mutable_data_ptr<float>());
        }
    }
}

void split_chunk(const at::Tensor& planes, int64_t first_channel, const Chooser& choose,
                 Parts& parts) {
    const auto grams = gram(planes);
    const auto channels = planes.size(0);
    const auto n = grams.size(1);
    std::vector<Basis> bases(parts.low.size());
    for (auto& basis : bases) {
        basis.dominant.resize(channels);
        basis.of.resize(channels);
        basis.counts.resize(channels);
    }
    for_each_channel(grams, [&](int64_t channel, SymmetricEigen& eigen) {
        const auto ranks = choose(first_channel + channel, eigen.values());
        for (size_t i = 0; i < bases.size(); ++i) {
            const Choice choice(ranks[i], n);
            bases[i].dominant[channel] = choice.dominant;
            bases[i].counts[channel] = choice.count;
            bases[i].of[channel].resize(n * choice.count);
            eigen.vectors(choice.first, choice.count, bases[i].of[channel].data(), choice.count);
        }
    });
    for (size_t i = 0; i < bases.size(); ++i) {
        collect(bases[i], n);
        project(planes, bases[i], parts.low[i].narrow(0, first_channel, channels),
                parts.high[i].narrow(0, first_channel, channels));
    }
}

}  // namespace

Parts split_planes(const at::Tensor& planes, size_t parts, const Chooser& choose) {
    Parts result;
    for (size_t i = 0; i < parts; ++i) {
        result.low.push_back(at::empty_like(planes));
        result.high.push_back(at::empty_like(planes));
    }
    const auto n = std::min(planes.size(1), planes.size(2));
    const auto bytes = n * n * static_cast<int64_t>(sizeof(double)) +
                       planes[0].numel() * static_cast<int64_t>(sizeof(double));
    const auto chunk = std::max<int64_t>(16, chunk_bytes / bytes);
    for (int64_t begin = 0; begin < planes.size(0); begin += chunk) {
        split_chunk(planes.narrow(0, begin, std::min(chunk, planes.size(0) - begin)), begin, choose,
                    result);
    }
    return result;
}

Parts split_planes_torch(const at::Tensor& planes, size_t parts, const Chooser& choose) {
    const bool wide = planes.size(1) <= planes.size(2);
    const auto [rising, rising_vectors] = at::linalg_eigh(gram(planes));
    const auto energies = rising.flip(1).cpu().contiguous();
    const auto vectors = rising_vectors.flip(2);
    const auto n = energies.size(1);
    auto kept = at::zeros({static_cast<int64_t>(parts), planes.size(0), n}, at::kDouble);
    for (int64_t channel = 0; channel < planes.size(0); ++channel) {
        const auto* const row = energies.const_data_ptr<double>() + channel * n;
        const auto ranks = choose(channel, {row, row + n});
        for (size_t i = 0; i < parts; ++i) {
            kept[static_cast<int64_t>(i)][channel].narrow(0, 0, ranks[i]).fill_(1);
        }
    }
    Parts result;
    const auto exact = planes.to(at::kDouble);
    for (size_t i = 0; i < parts; ++i) {
        const auto projector = at::bmm(
            vectors * kept[static_cast<int64_t>(i)].unsqueeze(1).to(planes.device()), vectors.mT());
        const auto low = wide ? at::bmm(projector, exact) : at::bmm(exact, projector);
        result.low.push_back(low.to(at::kFloat));
        result.high.push_back((exact - low).to(at::kFloat));
    }
    return result;
}

at::Tensor energies_of(const at::Tensor& planes) {
    if (!planes.is_cpu()) {
        return at::linalg_eigvalsh(gram(planes)).flip(1).clamp_min(0).cpu();
    }
    const auto n = std::min(planes.size(1), planes.size(2));
    auto energies = at::empty({planes.size(0), n}, at::kDouble);
    auto* const out = energies.mutable_data_ptr<double>();
    for_each_channel(gram(planes), [&](int64_t channel, const SymmetricEigen& eigen) {
        std::ranges::transform(eigen.values(), out + channel * n,
                               [](double value) { return std::max(value, 0.0); });
    });
    return energies;
}

int64_t rank_for(const std::vector<double>& energies, double share) {
    double left = 0;
    for (const double energy : energies) {
        left += std::max(energy, 0.0);
    }
    if (share == 0) {
        return 0;
    }
    // Drops values from the end, where the sum is still small and therefore accurate: as many as
    // the share allows, but always those that are only rounding errors.
    const double spare = left * std::max(1 - share, 1e-14);
    double out = 0;
    auto rank = static_cast<int64_t>(energies.size());
    while (rank > 0 && out + std::max(energies[rank - 1], 0.0) <= spare) {
        out += std::max(energies[--rank], 0.0);
    }
    return rank;
}

}  // namespace hfc::decompose
