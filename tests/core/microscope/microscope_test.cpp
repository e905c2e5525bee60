#include "microscope/microscope.h"

#include "base/error.h"
#include "frequency/split.h"
#include "model/model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/fft_fftshift.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/softmax.h>
#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

namespace hfc::microscope {
namespace {

using Kind = Shape::Kind;

int64_t kept(const Shape& shape, int64_t height, int64_t width) {
    return mask_of(shape, height, width).sum().item<int64_t>();
}

TEST(Microscope, ADiscIsTheMaskOfTheSweepAndARingIsTwo) {
    const auto disc = mask_of({.kind = Kind::disc, .outer = 2.5}, 9, 12);
    EXPECT_TRUE(disc.equal(frequency::radial_mask(9, 12, 2.5)));
    const auto ring = mask_of({.kind = Kind::ring, .inner = 1, .outer = 2.5}, 9, 12);
    EXPECT_TRUE((ring + frequency::radial_mask(9, 12, 1)).equal(disc));
    EXPECT_TRUE(mask_of({.kind = Kind::ring, .inner = -1, .outer = 2.5}, 9, 12).equal(disc));
}

TEST(Microscope, AWedgeIsADirectionOnBothSidesOfZero) {
    // Along the axis of the columns: that axis, 7 columns wide.
    const auto flat = mask_of({.kind = Kind::wedge, .from = -1, .to = 1}, 7, 7);
    const auto shifted = at::fft_fftshift(flat);
    EXPECT_EQ(shifted.sum().item<int64_t>(), 7);
    EXPECT_EQ(shifted[3].sum().item<int64_t>(), 7);
    EXPECT_EQ(kept({.kind = Kind::wedge, .from = 89, .to = 91}, 7, 7), 7);
    // The two halves of all directions share no frequency but zero.
    const auto half = mask_of({.kind = Kind::wedge, .from = 1, .to = 80}, 7, 7);
    const auto other = mask_of({.kind = Kind::wedge, .from = 80.5, .to = 180.5}, 7, 7);
    EXPECT_EQ((half * other).sum().item<int64_t>(), 1);
    EXPECT_EQ((half + other).gt(0).sum().item<int64_t>(), 49);
    EXPECT_EQ(kept({.kind = Kind::wedge, .from = 361, .to = 440}, 7, 7),
              half.sum().item<int64_t>());
}

TEST(Microscope, APaintedMaskIsSymmetricAndOfTheSize) {
    Shape shape = {.kind = Kind::painted};
    shape.painted.assign(25, 0);
    shape.painted[static_cast<size_t>(1 * 5 + 4)] = 1;  // row -1, column 2
    const auto mask = at::fft_fftshift(mask_of(shape, 5, 5));
    EXPECT_EQ(mask.sum().item<int64_t>(), 2);
    EXPECT_EQ(mask[1][4].item<double>(), 1);
    EXPECT_EQ(mask[3][0].item<double>(), 1) << "the opposite frequency";
    EXPECT_THROW(mask_of(shape, 4, 5), Error);
    EXPECT_THROW(mask_of({.kind = Kind::disc, .outer = -1}, 4, 4), Error);
    EXPECT_THROW(mask_of({.kind = Kind::ring, .inner = -2, .outer = 1}, 4, 4), Error);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW(mask_of({.kind = Kind::disc, .outer = nan}, 4, 4), Error);
    EXPECT_THROW(mask_of({.kind = Kind::wedge, .from = nan}, 4, 4), Error);
}

class MicroscopeOfImages : public testing::Test {
  protected:
    at::Tensor images = at::rand({3, 3, 16, 16});
    model::ModelPtr network = model::make("preact_resnet8", {.classes = 4});
    Microscope scope{network, data::dataset_of(images)};
};

TEST_F(MicroscopeOfImages, ThePartsAreThoseOfTheSplit) {
    const auto seen = scope.see(1, {.kind = Kind::disc, .outer = 3});
    EXPECT_TRUE(seen.x.equal(images.slice(0, 1, 2)));
    EXPECT_TRUE(seen.low.allclose(frequency::low_pass(seen.x, 3), 1e-5, 1e-6));
    EXPECT_TRUE((seen.low + seen.high).allclose(seen.x, 1e-5, 1e-6));
    EXPECT_EQ(seen.spectrum.argmax().item<int64_t>(), 8 * 16 + 8) << "zero in the middle";
    EXPECT_EQ(seen.mask[8][8].item<double>(), 1);
    EXPECT_THROW(scope.see(3, {}), Error);
    EXPECT_THROW(scope.see(-1, {}), Error);
}

TEST_F(MicroscopeOfImages, TheAnswersAreTheNetworks) {
    const auto seen = scope.see(2, {.kind = Kind::disc, .outer = 4});
    const auto answers = scope.ask(seen);
    network->eval();
    const at::NoGradGuard no_gradient;
    const std::vector<at::Tensor> parts = {seen.x, seen.low, seen.high};
    for (size_t i = 0; i < parts.size(); ++i) {
        const auto logits = network->forward(parts[i]);
        EXPECT_TRUE(answers.probabilities[static_cast<int64_t>(i)].allclose(
            at::softmax(logits.to(at::kDouble), 1)[0], 1e-3, 1e-5));
        EXPECT_EQ(answers.labels[i], logits[0].argmax().item<int64_t>());
    }
    EXPECT_EQ(answers.gradient.sizes(), (at::IntArrayRef{16, 16}));
    EXPECT_EQ(answers.gradient.max().item<float>(), 1);
    // A step along the gradient changes the logit most where it is largest.
    const auto brightest = answers.gradient.argmax().item<int64_t>();
    const auto dimmest = answers.gradient.argmin().item<int64_t>();
    const auto changed = [&](int64_t pixel) {
        double most = 0;
        for (int64_t channel = 0; channel < 3; ++channel) {
            auto moved = seen.low.clone();
            moved[0][channel][pixel / 16][pixel % 16] += 1e-2;
            const auto label = answers.labels[1];
            most = std::max(
                most, std::abs((network->forward(moved) - network->forward(seen.low))[0][label]
                                   .item<double>()));
        }
        return most;
    };
    EXPECT_GT(changed(brightest), 3 * changed(dimmest));
}

TEST(MicroscopePixels, AreBytesRowByRow) {
    const auto grey = at::arange(4).to(at::kFloat).div(2).reshape({1, 1, 2, 2});
    const auto pixels = to_pixels(grey);
    EXPECT_EQ(pixels.sizes(), (at::IntArrayRef{2, 2, 3}));
    EXPECT_EQ(pixels[0][1][2].item<int>(), 128);
    EXPECT_EQ(pixels[1][1][0].item<int>(), 255) << "cut off at 1";
    EXPECT_EQ(to_pixels(grey - 0.5, 0.5)[0][0][0].item<int>(), 0);
    EXPECT_EQ(to_pixels(grey[0][0]).sizes(), (at::IntArrayRef{2, 2}));
}

}  // namespace
}  // namespace hfc::microscope
