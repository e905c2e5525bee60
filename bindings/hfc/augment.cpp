// hfc.augment.
#include "bindings/hfc/augment.h"

#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/register.h"
#include "bindings/hfc/seed.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

namespace hfc::lua {

data::AugmentOptions read_augment(Options& options) {
    data::AugmentOptions settings;
    const auto scale = options.numbers("scale", {1, 1});
    require(scale.size() == 2, "option 'scale': expected {{least, most}}, got {} numbers",
            scale.size());
    settings.least_scale = scale[0];
    settings.most_scale = scale[1];
    settings.translate = options.number("translate", settings.translate);
    settings.rotate = options.number("rotate", settings.rotate);
    settings.least_crop = options.number("crop", settings.least_crop);
    settings.pad = options.integer("pad", settings.pad);
    settings.flip = options.boolean("flip", settings.flip);
    return settings;
}

namespace {

int augment_images(Call& call) {
    call.at_most(2);
    const at::Tensor images = tensor_argument(call, 1, "images");
    auto options = call.options(2);
    auto settings = read_augment(options);
    const auto seed = seed_option(options);
    settings.seed = seed ? *seed : drawn_seed();
    const at::Tensor samples = tensor_option(options, "samples");
    options.finish();
    return call.returns(data::augment(images, settings, samples));
}

const std::vector<Declaration> augment_declarations = {
    {"hfc.augment", augment_images,
     "hfc.augment(images, {scale = {1, 1}, translate = 0, rotate = 0, crop = 1, pad = 0, flip = "
     "false, seed = n, samples = Tensor int64 [N]}) -> Tensor\n\n"
     "Images [N, C, H, W], each changed by itself at random: magnified by scale, shifted in each "
     "direction by up to `translate` of the "
     "size, turned by up to `rotate` degrees either way, cropped to a fraction of the area in "
     "[crop, "
     "1] (RandomResizedCrop), all in one "
     "bilinear interpolation; padded by `pad` pixels and cropped to the size again; flipped left "
     "and right, every other one. Zeros lie "
     "beyond the borders.\n"
     "CIFAR-10 is usually trained on with pad = 4, flip = true; the networks S, T, R of the "
     "Fourier masks with scale = {.5, 1.5}, "
     "translate = .4, rotate = 180. The same settings are hfc.train's option `augment`.\n"
     "What is drawn for an image depends on the seed and on its sample alone, its index in its "
     "source (default: 0 to N - 1): not on the images beside it. Without a seed each call draws "
     "one from torch's default "
     "generator (torch.manual_seed).\n"
     "Errors: images or samples of another kind, a setting out of range."},
};

}  // namespace

namespace detail {

void register_augment(lua_State* L) {
    declare(L, augment_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
