// How corruptions with random numbers change images on average, beside the published code: see
// tests/fixtures/make_corrupt_moments.py.
#include "corrupt/corrupt.h"
#include "corrupt/drawn_photographs.h"
#include "files.h"
#include "image_file/image_file.h"
#include "tensor_file/tensor_file.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hfc::corrupt {
namespace {

constexpr int64_t side = 32;
constexpr int64_t repeats = 100;
constexpr int64_t rings = 5;

/// float32 [10, 3, 32, 32]: triangle waves.
at::Tensor wave_images() {
    auto images = at::empty({10, 3, side, side}, at::kFloat);
    auto to = images.accessor<float, 4>();
    for (int64_t i = 0; i < images.numel(); ++i) {
        const auto x = i % side, y = i / side % side;
        const auto c = i / (side * side) % 3, index = i / (3 * side * side);
        const auto wave = x * (5 + index) + y * (9 + 4 * c) + x * y / (3 + index);
        to[index][c][y][x] = static_cast<float>(std::abs(wave % 510 - 255)) / 255;
    }
    return images;
}

/// int64 [32, 32]: in which ring each frequency lies.
at::Tensor ring_of_frequency() {
    const auto along = at::fft_fftfreq(side, 1.0, at::kDouble) * side;
    const auto distance = at::hypot(along.unsqueeze(0), along.unsqueeze(1));
    return (distance * rings / (side / 2)).clamp_max(rings - 1).to(at::kLong);
}

/// float64 [N, 11] of the changes d [N, 3, 32, 32].
at::Tensor measured(const at::Tensor& d) {
    const auto energy = at::fft_fft2(d, {}, {-2, -1}, "ortho").abs().square().sum(1);
    const auto ring = ring_of_frequency();
    std::vector<at::Tensor> parts = {d.mean({2, 3}), at::std(d, {2, 3}, /*unbiased=*/false)};
    for (int64_t i = 0; i < rings; ++i) {
        parts.push_back((energy * ring.eq(i)).sum({1, 2}).unsqueeze(1));
    }
    return at::cat(parts, 1);
}

/// Row 0: the mean; row 1: the variance about the mean of each image.
at::Tensor moments(const at::Tensor& rows) {
    const auto by_image = rows.view({-1, repeats, rows.size(1)});
    return at::stack({rows.mean(0), by_image.var(1).mean(0)});
}

class Moments : public test::ScratchTest, public testing::WithParamInterface<std::string> {};

TEST_P(Moments, are_those_of_the_published_code) {
    const auto photographs = test::drawn_photographs(300, 400);
    for (size_t i = 0; i < photographs.pictures.size(); ++i) {
        const auto& picture = photographs.pictures[i];
        test::write_bytes(scratch_ / fmt::format("frost{}.{}", i + 1, i < 3 ? "png" : "jpg"),
                          image_file::encode_png(picture.values.data(), 3, 300, 400));
    }
    const auto fixture = tensor_file::load(HFC_FIXTURES "/corrupt/moments.safetensors");
    const auto images = wave_images().repeat_interleave(repeats, 0);
    const auto samples = at::arange(images.size(0), at::kLong);
    int64_t compared = 0;
    for (const auto& [name, expected] : fixture) {
        const auto kind = name.substr(0, name.find(' '));
        if (kind != GetParam()) {
            continue;
        }
        const Corruptor corruptor(
            {.kind = kind, .severity = std::stoi(name.substr(kind.size())), .frost = scratch_});
        const auto change = corruptor.apply(images, samples).to(at::kDouble) - images;
        const auto found = moments(measured(change));
        const auto error = ((found[1] + expected[1]) / images.size(0)).sqrt();
        auto allowed = 4 * error;
        auto energies = allowed.slice(0, 6);
        energies.copy_(energies.maximum(0.03 * expected[0].slice(0, 6)));
        const auto over = (found[0] - expected[0]).abs() - allowed;
        EXPECT_LE(over.max().item<double>(), 1e-9) << name << "\n"
                                                   << found[0] << "\n"
                                                   << expected[0] << "\n"
                                                   << error;
        ++compared;
    }
    EXPECT_EQ(compared, 2);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Moments,
                         testing::Values("gaussian_noise", "shot_noise", "impulse_noise",
                                         "glass_blur", "motion_blur", "snow", "frost", "fog",
                                         "elastic_transform", "speckle_noise", "spatter"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace hfc::corrupt
