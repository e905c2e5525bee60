#include "mask/augment.h"

#include "base/error.h"
#include "base/random.h"

#include <ATen/core/grad_mode.h>

#include <numbers>

namespace hfc::mask {
namespace {

void check(const at::Tensor& images, const AugmentOptions& options) {
    const auto* const function = "hfc.mask.augment";
    require(images.defined() && images.scalar_type() == at::kFloat && images.dim() == 4, "{}: images must be float32 [N, C, H, W], got {}",
            function,
            images.defined() ? fmt::format("{} [{}]", at::toString(images.scalar_type()), fmt::join(images.sizes(), ", "))
                             : "an undefined tensor");
    require(options.least_scale > 0 && options.least_scale <= options.most_scale && std::isfinite(options.most_scale),
            "{}: scale must be two rising numbers above 0, got {} and {}", function, options.least_scale, options.most_scale);
    require(options.translate >= 0 && options.translate <= 1, "{}: translate must be a share in [0,1], got {}", function,
            options.translate);
    require(options.rotate >= 0 && options.rotate <= 180, "{}: rotate must be 0 to 180 degrees, got {}", function, options.rotate);
    require(options.least_crop > 0 && options.least_crop <= 1, "{}: crop must be a share of the area in (0,1], got {}", function,
            options.least_crop);
}

/// Where in [-1,1] x [-1,1] of the image each place of the result is read: x' = A x + b, one row [a b; c d] and shift an image.
struct Places {
    at::Tensor xx, xy, yx, yy, x, y;  ///< float64 [N]

    at::Tensor matrices() const { return at::stack({at::stack({xx, xy, x}, 1), at::stack({yx, yy, y}, 1)}, 1); }
};

/// Scale, rotation and shift about the middle. Sides may differ, so a rotation is one of pixels, not of the square [-1,1].
Places move(int64_t count, double ratio, const AugmentOptions& options, const at::Generator& generator) {
    const auto draw = [&](double from, double to) {
        return at::empty({count}, at::kDouble).uniform_(0, 1, generator) * (to - from) + from;
    };
    const auto scale = draw(options.least_scale, options.most_scale).reciprocal();
    const auto angle = draw(-options.rotate, options.rotate) * (std::numbers::pi / 180);
    const auto cosine = angle.cos() * scale, sine = angle.sin() * scale;
    return {cosine, sine / ratio, -sine * ratio, cosine, draw(-2, 2) * options.translate, draw(-2, 2) * options.translate};
}

/// The part of the image that RandomResizedCrop and the flip show, as centre and half size in each direction, applied after `moved`.
Places crop(const Places& moved, int64_t count, const AugmentOptions& options, const at::Generator& generator) {
    const auto draw = [&](double from, double to) {
        return at::empty({count}, at::kDouble).uniform_(0, 1, generator) * (to - from) + from;
    };
    const auto area = draw(options.least_crop, 1);
    const double widest = options.least_crop < 1 ? std::log(4.0 / 3) : 0;
    const auto ratio = draw(-widest, widest).exp();
    const auto half_width = (area * ratio).sqrt().clamp_max(1), half_height = (area / ratio).sqrt().clamp_max(1);
    const auto middle_x = draw(-1, 1) * (1 - half_width), middle_y = draw(-1, 1) * (1 - half_height);
    const auto side = options.flip ? at::where(draw(0, 1).lt(0.5), -half_width, half_width) : half_width;
    return {moved.xx * side,        moved.xy * side,           moved.yx * half_height,
            moved.yy * half_height, moved.x * side + middle_x, moved.y * half_height + middle_y};
}

}  // namespace

at::Tensor augment(const at::Tensor& images, const AugmentOptions& options) {
    check(images, options);
    if (images.numel() == 0) {
        return images.clone();
    }
    const at::NoGradGuard no_grad;
    const auto generator = make_generator(options.seed, "augment");
    const auto count = images.size(0);
    const double ratio = static_cast<double>(images.size(3)) / static_cast<double>(images.size(2));
    const auto places = crop(move(count, ratio, options, generator), count, options, generator).matrices();
    const auto grid = at::affine_grid_generator(places.to(images.device(), at::kFloat), images.sizes(), false);
    const int64_t bilinear = 0, zeros = 0;
    return at::grid_sampler_2d(images, grid, bilinear, zeros, false).contiguous(images.suggest_memory_format());
}

}  // namespace hfc::mask
