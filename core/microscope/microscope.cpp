#include "microscope/microscope.h"

#include "base/error.h"
#include "frequency/split.h"
#include "mask/operator.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/fft_fft2.h>
#include <ATen/ops/fft_fftshift.h>
#include <ATen/ops/fft_ifftshift.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/autograd.h>

#include <cmath>
#include <numbers>
#include <utility>

namespace hfc::microscope {
namespace {

/// An angle modulo 180 degrees, in [0, 180).
double half_turn(double degrees) {
    const double rest = std::fmod(degrees, 180);
    return rest < 0 ? rest + 180 : rest;
}

at::Tensor wedge(const Shape& shape, int64_t height, int64_t width) {
    require(std::isfinite(shape.from) && std::isfinite(shape.to),
            "the angles of a wedge must be finite numbers, got {} and {}", shape.from, shape.to);
    auto mask = at::zeros({height, width}, at::kDouble);
    auto place = mask.accessor<double, 2>();
    const double from = half_turn(shape.from), extent = half_turn(shape.to - shape.from);
    for (int64_t row = 0; row < height; ++row) {
        for (int64_t column = 0; column < width; ++column) {
            const auto down = static_cast<double>(row - height / 2);
            const auto across = static_cast<double>(column - width / 2);
            const double angle = half_turn(std::atan2(down, across) * 180 / std::numbers::pi);
            const bool mean = down == 0 && across == 0;
            place[row][column] = mean || half_turn(angle - from) <= extent ? 1 : 0;
        }
    }
    return at::fft_ifftshift(mask, {{-2, -1}});
}

at::Tensor painted(const Shape& shape, int64_t height, int64_t width) {
    require(static_cast<int64_t>(shape.painted.size()) == height * width,
            "a painted mask must contain {} x {} values, got {}", height, width,
            shape.painted.size());
    auto mask = at::empty({height, width}, at::kDouble);
    auto* const values = mask.data_ptr<double>();
    for (size_t i = 0; i < shape.painted.size(); ++i) {
        values[i] = shape.painted[i] != 0 ? 1 : 0;
    }
    // Sets both k and -k, because only a symmetric mask keeps an image real.
    return (mask::symmetrise(at::fft_ifftshift(mask, {{-2, -1}})) > 0).to(at::kDouble);
}

void require_radius(double radius, double least) {
    require(std::isfinite(radius) && radius >= least,
            "a radius must be a finite number >= {}, got {}", least, radius);
}

}  // namespace

at::Tensor mask_of(const Shape& shape, int64_t height, int64_t width) {
    if (shape.kind == Shape::Kind::wedge) {
        return wedge(shape, height, width);
    }
    if (shape.kind == Shape::Kind::painted) {
        return painted(shape, height, width);
    }
    require_radius(shape.outer, 0);
    const auto disc = frequency::radial_mask(height, width, shape.outer);
    if (shape.kind == Shape::Kind::disc) {
        return disc;
    }
    require_radius(shape.inner, -1);
    return shape.inner < 0 ? disc : disc * (1 - frequency::radial_mask(height, width, shape.inner));
}

Microscope::Microscope(model::ModelPtr network, const data::Dataset& images)
    : network_(std::move(network)), images_(images), inference_(*network_) {
    require(images_.size() > 0, "the data set '{}' has no images", images_.name());
    inference_.begin(images_);
}

Pictures Microscope::see(int64_t image, const Shape& shape) const {
    require(image >= 0 && image < images_.size(), "image {} is not one of the {} images of '{}'",
            image, images_.size(), images_.name());
    const at::NoGradGuard no_gradient;
    const auto x = images_.batch(image, image + 1).images.to(at::kFloat).contiguous();
    const auto mask = mask_of(shape, x.size(2), x.size(3));
    const auto low = mask::apply(x, mask);
    auto spectrum = at::fft_fftshift(at::fft_fft2(x[0]).abs().mean(0), {{-2, -1}}).add(1).log();
    spectrum = spectrum / spectrum.max().clamp_min(1e-12);
    return {x, low, x - low, spectrum, at::fft_fftshift(mask, {{-2, -1}})};
}

Answers Microscope::ask(const Pictures& pictures) const {
    const at::AutoGradMode with_gradient(true);
    const auto leaf = inference_.bring(pictures.low).requires_grad_(true);
    const auto low_logits = inference_.differentiable_logits(leaf);
    const auto label = low_logits.detach()[0].argmax().item<int64_t>();
    const auto gradient = torch::autograd::grad({low_logits[0][label]}, {leaf}).front();
    const at::NoGradGuard no_gradient;
    const auto others = inference_.logits(inference_.bring(at::cat({pictures.x, pictures.high})));
    inference_.require_finite();
    const auto logits =
        at::cat({others.slice(0, 0, 1), low_logits.detach(), others.slice(0, 1, 2)});
    Answers answers;
    answers.probabilities = at::softmax(logits.to(at::kCPU, at::kDouble), 1).contiguous();
    for (int64_t i = 0; i < 3; ++i) {
        answers.labels.push_back(answers.probabilities[i].argmax().item<int64_t>());
    }
    const auto size = gradient.detach().to(at::kCPU, at::kFloat).abs()[0].amax(0);
    answers.gradient = size / size.max().clamp_min(1e-30);
    return answers;
}

at::Tensor to_pixels(const at::Tensor& image, double shift) {
    const auto bytes = [](const at::Tensor& values) {
        return values.to(at::kCPU, at::kFloat).clamp(0, 1).mul(255).round().to(at::kByte);
    };
    if (image.dim() == 2) {
        return bytes(image).contiguous();
    }
    const auto rows = bytes(image[0] + shift).permute({1, 2, 0});
    return rows.expand({rows.size(0), rows.size(1), 3}).contiguous();
}

}  // namespace hfc::microscope
