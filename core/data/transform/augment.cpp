#include "data/transform/augment.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "base/images.h"
#include "base/random.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <numbers>
#include <string_view>

namespace hfc::data {
namespace {

/// Position x of the result is read at position x' = A x + b of the image, in coordinates in which
/// the image is [-1,1] x [-1,1]. There is one A and one b per image.
struct Places {
    at::Tensor xx, xy, yx, yy, x, y;  ///< float64 [N]

    at::Tensor matrices() const {
        return at::stack({at::stack({xx, xy, x}, 1), at::stack({yx, yy, y}, 1)}, 1);
    }
};

/// Random numbers for each sample. Each call returns the next ones: float64 [N], uniform in an
/// interval.
class Draws {
  public:
    Draws(const at::Tensor& samples, int64_t most, uint64_t seed, std::string_view purpose)
        : numbers_(uniform_by_sample(samples, most, seed, purpose)) {}

    at::Tensor between(double from, double to) {
        return numbers_.select(1, next_++) * (to - from) + from;
    }

  private:
    at::Tensor numbers_;
    int64_t next_ = 0;
};

/// Scaling and rotation about the centre, and a shift. Images need not be square, so the rotation
/// applies to pixels, not to the square [-1,1] x [-1,1].
Places move(double ratio, const AugmentOptions& options, Draws& draws) {
    const auto scale = draws.between(options.least_scale, options.most_scale).reciprocal();
    const auto angle = draws.between(-options.rotate, options.rotate) * (std::numbers::pi / 180);
    const auto x = draws.between(-2, 2) * options.translate;
    const auto y = draws.between(-2, 2) * options.translate;
    const auto cosine = angle.cos() * scale;
    const auto sine = angle.sin() * scale;
    return {cosine, sine / ratio, -sine * ratio, cosine, x, y};
}

/// The part of the image that RandomResizedCrop selects, defined by its centre and half its size in
/// each direction; applied after `moved`.
Places crop(const Places& moved, const AugmentOptions& options, Draws& draws) {
    const auto area = draws.between(options.least_crop, 1);
    const double widest = options.least_crop < 1 ? std::log(4.0 / 3) : 0;
    const auto ratio = draws.between(-widest, widest).exp();
    const auto half_width = (area * ratio).sqrt().clamp_max(1);
    const auto half_height = (area / ratio).sqrt().clamp_max(1);
    const auto middle_x = draws.between(-1, 1) * (1 - half_width);
    const auto middle_y = draws.between(-1, 1) * (1 - half_height);
    return {moved.xx * half_width,           moved.xy * half_width,
            moved.yx * half_height,          moved.yy * half_height,
            moved.x * half_width + middle_x, moved.y * half_height + middle_y};
}

at::Tensor interpolate(const at::Tensor& images, const AugmentOptions& options,
                       const at::Tensor& samples) {
    constexpr int64_t drawn = 8;
    Draws draws(samples, drawn, options.seed, "augment");
    const double ratio = static_cast<double>(images.size(3)) / static_cast<double>(images.size(2));
    const auto moved = move(ratio, options, draws);
    const auto places = crop(moved, options, draws).matrices();
    const auto grid =
        at::affine_grid_generator(places.to(images.device(), at::kFloat), images.sizes(), false);
    const int64_t bilinear = 0, zeros = 0;
    return at::grid_sampler_2d(images, grid, bilinear, zeros, false);
}

at::Tensor pad_and_crop(const at::Tensor& images, const AugmentOptions& options,
                        const at::Tensor& samples) {
    const auto pad = options.pad, height = images.size(2), width = images.size(3);
    const auto padded = at::constant_pad_nd(images, {pad, pad, pad, pad});
    const auto offsets =
        uniform_by_sample(samples, 2, options.seed, "pad and crop").mul_(2 * pad + 1).to(at::kLong);
    const auto offset = offsets.accessor<int64_t, 2>();
    auto result = at::empty_like(images);
    for (int64_t i = 0; i < images.size(0); ++i) {
        result[i].copy_(padded[i].narrow(1, offset[i][0], height).narrow(2, offset[i][1], width));
    }
    return result;
}

/// Boolean [n], on the CPU.
at::Tensor flipped_ones(const AugmentOptions& options, const at::Tensor& samples) {
    return uniform_by_sample(samples, 1, options.seed, "flip").lt(0.5).squeeze(1);
}

at::Tensor flip_half(const at::Tensor& images, const AugmentOptions& options,
                     const at::Tensor& samples) {
    const auto flipped = flipped_ones(options, samples).view({-1, 1, 1, 1});
    return at::where(flipped.to(images.device()), images.flip(3), images);
}

/// Flips the boxes of the images that flip_half() flips.
std::vector<at::Tensor> flip_boxes(const std::vector<at::Tensor>& targets, int64_t width,
                                   const at::Tensor& flipped) {
    std::vector<at::Tensor> result;
    for (size_t i = 0; i < targets.size(); ++i) {
        auto target = targets[i];
        if (flipped[static_cast<int64_t>(i)].item<bool>()) {
            target = target.clone();
            target.select(1, 0).copy_(width - targets[i].select(1, 2));
            target.select(1, 2).copy_(width - targets[i].select(1, 0));
        }
        result.push_back(target);
    }
    return result;
}

}  // namespace

void require_valid(const AugmentOptions& options) {
    require(options.least_scale > 0 && options.least_scale <= options.most_scale &&
                std::isfinite(options.most_scale),
            "the scale of an augmentation must be two ascending numbers above 0, got {} and {}",
            options.least_scale, options.most_scale);
    require(options.translate >= 0 && options.translate <= 1,
            "the translation of an augmentation must be a fraction in [0,1], got {}",
            options.translate);
    require(options.rotate >= 0 && options.rotate <= 180,
            "the rotation of an augmentation must be 0 to 180 degrees, got {}", options.rotate);
    require(options.least_crop > 0 && options.least_crop <= 1,
            "the crop of an augmentation must be a fraction of the area in (0,1], got {}",
            options.least_crop);
    require(std::isfinite(options.fill), "the fill of an augmentation must be finite, got {}",
            options.fill);
    require(options.pad >= 0 && options.pad <= 4096,
            "the padding of an augmentation must be 0 to 4096 pixels, got {}", options.pad);
}

at::Tensor augment(const at::Tensor& images, const AugmentOptions& options,
                   const at::Tensor& samples) {
    require(images.defined() && images.scalar_type() == at::kFloat && images.dim() == 4,
            "images must be float32 [N, C, H, W], got {}",
            images.defined() ? fmt::format("{} [{}]{}", dtype_name(images.scalar_type()),
                                           fmt::join(images.sizes(), ", "), image_advice(images))
                             : "an undefined tensor");
    require_valid(options);
    const auto indices = sample_indices(samples, images.size(0));
    const at::NoGradGuard no_grad;
    auto result = images;
    if (images.numel() > 0 && options.fill != 0 && (options.interpolates() || options.pad > 0)) {
        // Everything beyond the borders becomes zero, so `fill` is subtracted first and added again
        // afterwards.
        auto moved = options;
        moved.fill = 0;
        result = augment(images - options.fill, moved, samples) + options.fill;
    } else if (images.numel() > 0) {
        result = options.interpolates() ? interpolate(result, options, indices) : result;
        result = options.pad > 0 ? pad_and_crop(result, options, indices) : result;
        result = options.flip ? flip_half(result, options, indices) : result;
    }
    return result.is_same(images) ? images.detach().clone()
                                  : result.contiguous(images.suggest_memory_format());
}

AugmentTransform::AugmentTransform(const AugmentOptions& options) : options_(options) {
    require_valid(options);
}

void AugmentTransform::apply(TransformBatch& batch) const {
    auto options = options_;
    options.seed = seed_of(batch.draw);
    if (!batch.targets.empty()) {
        require(!options.interpolates() && options.pad == 0,
                "images with boxes can only be flipped; scale, translate, rotate, crop and pad "
                "would move the objects out of their boxes");
        if (options.flip) {
            batch.targets = flip_boxes(batch.targets, batch.images.size(3),
                                       flipped_ones(options, batch.samples));
        }
    }
    batch.images = augment(batch.images, options, batch.samples);
}

std::string AugmentTransform::fingerprint() const {
    const auto& o = options_;
    return fmt::format("scale {} {} translate {} rotate {} crop {} pad {} flip {}{}", o.least_scale,
                       o.most_scale, o.translate, o.rotate, o.least_crop, o.pad, o.flip,
                       o.fill != 0 ? fmt::format(" fill {}", o.fill) : "");
}

}  // namespace hfc::data
