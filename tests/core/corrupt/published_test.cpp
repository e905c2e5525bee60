// Each kind beside the published code, both with the same random numbers: see
// tests/fixtures/make_corrupt.py.
#include "corrupt/drawn_photographs.h"
#include "corrupt/picture.h"
#include "model/reference.h"
#include "tensor_file/tensor_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace hfc::corrupt {
namespace {

/// Numbers of a formula in place of random ones.
class FormulaDraws : public Draws {
  public:
    explicit FormulaDraws(uint64_t stream) : stream_(stream) {}

    std::vector<double> uniform(int64_t count, double low, double high) override {
        return make<double>(count, [&] { return low + (high - low) * next(); });
    }
    std::vector<double> normal(int64_t count, double mean, double deviation) override {
        return make<double>(count, [&] {
            const double radius = std::sqrt(-2 * std::log(1 - next()));
            return mean + deviation * (radius * std::cos(2 * std::numbers::pi * next()));
        });
    }
    std::vector<int64_t> integers(int64_t count, int64_t low, int64_t high) override {
        return make<int64_t>(count, [&] {
            return static_cast<int64_t>(
                std::floor(static_cast<double>(low) + static_cast<double>(high - low) * next()));
        });
    }
    std::vector<double> poisson(const Bytes& bytes, double scale) override {
        // numpy draws by rows, then columns, then channels.
        std::vector<double> all(bytes.values.size());
        const auto count = static_cast<size_t>(bytes.pixels());
        for (size_t i = 0; i < all.size(); ++i) {
            const auto place = (i % 3) * count + i / 3;
            const double mean = bytes.values[place] / 255. * scale;
            all[place] =
                std::max(0., std::floor(mean + (2 * next() - 1) * 2 * std::sqrt(mean) + .5));
        }
        return all;
    }

  private:
    double next() { return test::formula_value(position_++, stream_); }

    template <typename T, typename Make>
    static std::vector<T> make(int64_t count, const Make& one) {
        std::vector<T> all(static_cast<size_t>(count));
        for (auto& value : all) {
            value = one();
        }
        return all;
    }

    uint64_t stream_;
    int64_t position_ = 0;
};

/// For numbers that belong to pixels of three channels, which numpy draws beside one another.
class ByPixel : public FormulaDraws {
  public:
    ByPixel(uint64_t stream, int64_t pixels) : FormulaDraws(stream), pixels_(pixels) {}

    std::vector<double> uniform(int64_t count, double low, double high) override {
        return by_channel(FormulaDraws::uniform(count, low, high));
    }
    std::vector<double> normal(int64_t count, double mean, double deviation) override {
        return by_channel(FormulaDraws::normal(count, mean, deviation));
    }

  private:
    std::vector<double> by_channel(const std::vector<double>& drawn) const {
        if (static_cast<int64_t>(drawn.size()) != 3 * pixels_) {
            return drawn;
        }
        std::vector<double> all(drawn.size());
        for (size_t i = 0; i < all.size(); ++i) {
            all[(i % 3) * static_cast<size_t>(pixels_) + i / 3] = drawn[i];
        }
        return all;
    }

    int64_t pixels_;
};

struct Fixture {
    explicit Fixture(int64_t size_)
        : size(size_),
          tensors(tensor_file::load(fmt::format(HFC_FIXTURES "/corrupt/{}.safetensors", size))),
          frost(size == 32 ? *smaller(test::drawn_photographs(300, 400))
                           : test::drawn_photographs(300, 260)) {
        const auto given = at::Tensor(find("image")).contiguous();
        image = Bytes(3, size, size);
        std::copy_n(given.const_data_ptr<uint8_t>(), image.values.size(), image.values.begin());
    }

    at::Tensor find(const std::string& name) const {
        for (const auto& [key, tensor] : tensors) {
            if (key == name) {
                return tensor;
            }
        }
        fail("the fixture has no '{}'", name);
    }

    at::Tensor corrupted(size_t kind, int64_t severity) const {
        ByPixel draws(7000 + 10 * kind + static_cast<uint64_t>(severity), image.pixels());
        auto result = corrupt_image(kinds("all")[kind], severity, size != 32, image, draws, &frost);
        const auto all = at::from_blob(result.values.data(), {3, size, size}, at::kByte).clone();
        return size == 32 ? all : all.slice(1, 0, size, 7).slice(2, 0, size, 11);
    }

    int64_t size;
    tensor_file::NamedTensors tensors;
    Photographs frost;
    Bytes image;
};

class PublishedCode : public testing::TestWithParam<std::tuple<int64_t, size_t>> {};

TEST_P(PublishedCode, gives_the_same_bytes) {
    const auto [size, kind] = GetParam();
    static const Fixture small(32);
    static const Fixture large(224);
    const auto& fixture = size == 32 ? small : large;
    const auto name = kinds("all")[kind];
    int64_t bytes = 0;
    int64_t different = 0;
    for (int64_t severity = 1; severity <= severities; ++severity) {
        const auto expected = fixture.find(fmt::format("{} {}", name, severity));
        const auto distance =
            (fixture.corrupted(kind, severity).to(at::kInt) - expected.to(at::kInt)).abs();
        EXPECT_LE(distance.max().item<int>(), 1) << name << " " << severity;
        const auto wrong = distance.gt(0).sum().item<int64_t>();
        RecordProperty(fmt::format("severity_{}", severity), std::to_string(wrong));
        bytes += expected.numel();
        different += wrong;
    }
    EXPECT_LE(static_cast<double>(different), 1e-3 * static_cast<double>(bytes))
        << name << ": " << different << " of " << bytes;
}

std::string name_of_case(const testing::TestParamInfo<std::tuple<int64_t, size_t>>& info) {
    return fmt::format("{}_{}", kinds("all")[std::get<1>(info.param)], std::get<0>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Kinds, PublishedCode,
                         testing::Combine(testing::Values<int64_t>(32, 224),
                                          testing::Range<size_t>(0, 19)),
                         name_of_case);

}  // namespace
}  // namespace hfc::corrupt
