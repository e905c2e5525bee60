#include "frequency/split.h"

#include "frequency/backends.h"
#include "frequency/fourier_fftw.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <limits>
#include <thread>

namespace hfc::frequency {
namespace {

using Backend = Parts (*)(const at::Tensor&, const std::vector<double>&, const SplitOptions&);

struct NamedBackend {
    const char* name;
    Backend split;
};

void PrintTo(const NamedBackend& backend, std::ostream* out) {
    *out << backend.name;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

/// In double precision, by the full transform and the mask that the fixtures check.
at::Tensor reference_low(const at::Tensor& x, double radius, Rule rule) {
    const auto mask = radial_mask(x.size(-2), x.size(-1), radius, rule);
    return at::real(at::fft_ifft2(at::fft_fft2(x.to(at::kDouble)) * mask));
}

class SplitBackend : public testing::TestWithParam<NamedBackend> {};

INSTANTIATE_TEST_SUITE_P(All, SplitBackend,
                         testing::Values(NamedBackend{"cpu", split_cpu},
                                         NamedBackend{"fftw", split_fftw},
                                         NamedBackend{"torch", split_torch},
                                         NamedBackend{"public", split}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(SplitBackend, AgreesWithNumpyInDoublePrecision) {
    const std::string folder = HFC_FIXTURES "/frequency/";
    std::ifstream file(folder + "values.bin", std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    ASSERT_FALSE(bytes.empty());
    const auto values =
        at::from_blob(const_cast<char*>(bytes.data()),
                      {static_cast<int64_t>(bytes.size() / sizeof(double))}, at::kDouble);
    std::ifstream cases(folder + "cases.txt");
    int64_t height, width, x_start, low_start;
    std::string rule;
    double radius;
    int count = 0;
    for (; cases >> height >> width >> rule >> radius >> x_start >> low_start; ++count) {
        const auto at = [&](int64_t start) {
            return values.narrow(0, start, height * width).view({1, height, width});
        };
        const auto x = at(x_start).to(at::kFloat);
        const auto parts = GetParam().split(x, {radius}, {.rule = parse_rule(rule)});
        const auto what = fmt::format("{} x {}, distance {} {}", height, width, rule, radius);
        EXPECT_LT(distance(parts.low[0], at(low_start)), 1e-5) << what;
        EXPECT_LT(distance(parts.high[0], at(x_start) - at(low_start)), 1e-5) << what;
        EXPECT_LT(distance(parts.low[0] + parts.high[0], x), 1e-6) << what;
    }
    EXPECT_GE(count, 40);
}

TEST_P(SplitBackend, AgreesWithTheFullTransformForManySizes) {
    at::manual_seed(1);
    // Each factor of the vector code in each direction, padded columns, odd and prime sizes, lines.
    const std::vector<std::pair<int64_t, int64_t>> sizes = {
        {224, 224}, {8, 8},   {16, 48},  {10, 14}, {18, 9},  {42, 35}, {36, 25},
        {60, 126},  {98, 50}, {64, 128}, {96, 24}, {120, 8}, {33, 64}, {13, 26},
        {2, 32},    {32, 2},  {31, 32},  {34, 32}, {1, 64},  {64, 1},  {49, 81}};
    for (const auto& [height, width] : sizes) {
        const auto x = at::rand({2, height, width}) * 2 - 1;
        const auto half = static_cast<double>(std::max(height, width)) / 2;
        const std::vector<double> radii = {0, half / 2, half, half * 1.2, 1e9};
        for (const auto rule : {Rule::inclusive, Rule::exclusive}) {
            const auto parts = GetParam().split(x, radii, {.rule = rule});
            for (size_t i = 0; i < radii.size(); ++i) {
                const auto expected = reference_low(x, radii[i], rule);
                EXPECT_LT(distance(parts.low[i], expected), 1e-5)
                    << height << " x " << width << ", radius " << radii[i];
                EXPECT_LT(distance(parts.high[i], x.to(at::kDouble) - expected), 1e-5)
                    << height << " x " << width << ", radius " << radii[i];
            }
        }
    }
}

TEST_P(SplitBackend, KeepsANotANumberWithinItsChannel) {
    for (const int64_t size : {28, 32, 33}) {
        auto x = at::rand({6, size, size});
        const auto clean = GetParam().split(x, {5}, {});
        x[1][3][4] = std::numeric_limits<float>::quiet_NaN();
        x[4][0][0] = std::numeric_limits<float>::infinity();
        const auto parts = GetParam().split(x, {5}, {});
        for (const int64_t i : {0, 2, 3, 5}) {
            EXPECT_TRUE(at::equal(parts.low[0][i], clean.low[0][i])) << size << ", channel " << i;
            EXPECT_TRUE(at::equal(parts.high[0][i], clean.high[0][i])) << size << ", channel " << i;
        }
        EXPECT_TRUE(at::isnan(parts.low[0][1]).all().item<bool>());
    }
}

TEST_P(SplitBackend, ComputesOnlyWhatIsAskedFor) {
    const auto x = at::rand({2, 32, 32});
    const auto both = GetParam().split(x, {4, 8}, {});
    const auto low = GetParam().split(x, {4, 8}, {.high = false});
    const auto high = GetParam().split(x, {4, 8}, {.low = false});
    EXPECT_TRUE(low.high.empty());
    EXPECT_TRUE(high.low.empty());
    for (size_t i = 0; i < 2; ++i) {
        EXPECT_TRUE(at::equal(low.low.at(i), both.low[i]));
        EXPECT_TRUE(at::equal(high.high.at(i), both.high[i]));
    }
}

TEST(Split, RadiusZeroIsTheMeanOrNothing) {
    const auto x = at::rand({3, 32, 32});
    EXPECT_LT(distance(low_pass(x, 0, Rule::inclusive), x.mean({1, 2}, true).expand_as(x)), 1e-6);
    EXPECT_EQ(low_pass(x, 0, Rule::exclusive).abs().max().item<float>(), 0);
    EXPECT_TRUE(at::equal(high_pass(x, 0, Rule::exclusive), x));
}

TEST(Split, TheRuleDecidesAtTheRadiusItself) {
    // One wave at row frequency 3, column frequency 4: exactly 5 bins from zero.
    const auto angle =
        (3 * at::arange(32, at::kDouble).view({32, 1}) + 4 * at::arange(32, at::kDouble)) *
        (2 * M_PI / 32);
    const auto wave = at::cos(angle).to(at::kFloat);
    EXPECT_LT(distance(low_pass(wave, 5, Rule::inclusive), wave), 1e-5);
    EXPECT_LT(distance(high_pass(wave, 5, Rule::exclusive), wave), 1e-5);
    EXPECT_LT(low_pass(wave, 5, Rule::exclusive).abs().max().item<float>(), 1e-5);
}

TEST(Split, TakesAnyLayoutAndAnyLeadingDimensions) {
    const auto x = at::rand({4, 3, 32, 24});
    const auto expected = low_pass(x, 6);
    EXPECT_TRUE(at::equal(low_pass(x.contiguous(at::MemoryFormat::ChannelsLast), 6), expected));
    EXPECT_TRUE(at::equal(low_pass(x[2][1], 6), expected[2][1]));
    EXPECT_TRUE(at::equal(low_pass(x.view({2, 2, 3, 32, 24}), 6).view_as(x), expected));
    EXPECT_TRUE(at::equal(low_pass(x.slice(0, 1, 4, 2), 6), expected.slice(0, 1, 4, 2)));
    EXPECT_LT(distance(low_pass(x.transpose(2, 3), 6), expected.transpose(2, 3)), 1e-6);
    // Memory that is not aligned for vector instructions.
    const auto shifted = at::cat({at::zeros(1), x.flatten()}).slice(0, 1).view_as(x);
    EXPECT_TRUE(at::equal(low_pass(shifted, 6), expected));
}

TEST(Split, EmptyBatchGivesEmptyParts) {
    const auto parts = frequency::split(at::rand({0, 3, 32, 32}), {4, 8});
    ASSERT_EQ(parts.low.size(), 2U);
    ASSERT_EQ(parts.high.size(), 2U);
    EXPECT_EQ(parts.low[1].sizes(), (std::vector<int64_t>{0, 3, 32, 32}));
}

TEST(Split, LargeOutputsAreWrittenThroughToTheLastByte) {
    const auto x = at::rand({700, 3, 32, 32});
    const auto parts = frequency::split(x, {4, 12});
    const auto small = frequency::split(x.narrow(0, 690, 10), {4, 12});
    for (size_t i = 0; i < 2; ++i) {
        EXPECT_TRUE(at::equal(parts.low[i].narrow(0, 690, 10), small.low[i]));
        EXPECT_TRUE(at::equal(parts.high[i].narrow(0, 690, 10), small.high[i]));
    }
}

TEST(Split, OutputsStayTheirOwnersUntilFreed) {
    const auto x = at::rand({100, 3, 32, 32});
    const auto kept = low_pass(x, 6);
    const auto copy = kept.clone();
    const void* freed = low_pass(x, 3).const_data_ptr();
    const auto other = low_pass(at::rand_like(x), 6);
    EXPECT_EQ(other.const_data_ptr(), freed) << "memory of the same size was not used again";
    EXPECT_TRUE(at::equal(kept, copy));
    // An ordinary tensor in every other way.
    auto resized = other.clone().set_(other.storage());
    EXPECT_NO_THROW(resized.resize_({200, 3, 32, 32}));
}

TEST(Split, IsTheSameToTheLastBitEachTimeAndForAnyNumberOfThreads) {
    const auto threads = at::get_num_threads();
    for (const int64_t size : {32, 33}) {
        const auto x = at::rand({50, 3, size, size});
        const auto once = frequency::split(x, {4, 12});
        EXPECT_TRUE(at::equal(frequency::split(x, {4, 12}).high[1], once.high[1]));
        at::set_num_threads(1);
        EXPECT_TRUE(at::equal(frequency::split(x, {4, 12}).high[1], once.high[1]));
        at::set_num_threads(threads);
    }
}

TEST(FftwPlans, OfHundredsOfSizesDoNotPileUp) {
    const SplitOptions options{.low = true, .high = true};
    for (int64_t size = 0; size < 300; ++size) {
        const auto x = at::rand({1, 11 + size % 20, 13 + size / 20});
        const auto parts = split_fftw(x, {3.0}, options);
        EXPECT_LT(distance(parts.low[0], reference_low(x, 3.0, options.rule)), 1e-5);
        EXPECT_LT(distance(parts.low[0] + parts.high[0], x), 1e-5);
        ASSERT_LE(fftw_plans_alive(), most_kept_plans + 1);
    }
    // Those dropped come again, and the last used stay.
    const auto x = at::rand({2, 11, 13});
    EXPECT_LT(distance(split_fftw(x, {3.0}, options).low[0], reference_low(x, 3.0, options.rule)),
              1e-5);
    EXPECT_EQ(fftw_plans(11, 13).get(), fftw_plans(11, 13).get());
}

TEST(FftwPlans, AreSharedByThreadsThatDropEachOthers) {
    const SplitOptions options{.low = true, .high = true};
    std::atomic<double> worst = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            for (int64_t i = 0; i < 150; ++i) {
                const auto x = at::rand({1, 11 + (i + thread * 40) % 150, 13});
                const auto low = split_fftw(x, {3.0}, options).low[0];
                worst = std::max(worst.load(), distance(low, reference_low(x, 3.0, options.rule)));
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_LT(worst, 1e-5);
    EXPECT_LE(fftw_plans_alive(), most_kept_plans + 4);
}

}  // namespace
}  // namespace hfc::frequency
