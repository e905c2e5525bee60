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
    require(scale.size() == 2, "option 'scale': expected two numbers {{min, max}}, got {}",
            scale.size());
    settings.least_scale = scale[0];
    settings.most_scale = scale[1];
    settings.translate = options.number("translate", settings.translate);
    settings.rotate = options.number("rotate", settings.rotate);
    settings.least_crop = options.number("crop", settings.least_crop);
    settings.pad = options.integer("pad", settings.pad);
    settings.flip = options.boolean("flip", settings.flip);
    settings.fill = options.number("fill", settings.fill);
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
     "false, fill = 0, seed = n, samples = Tensor int64 [N]}) -> Tensor\n\n"
     "Changes each of the images [N, C, H, W] at random, independently of the others. A single "
     "bilinear interpolation magnifies the image by a factor in the range `scale`, shifts it in "
     "each direction by up to the fraction `translate` of its size, rotates it by up to `rotate` "
     "degrees either way, and crops it to a fraction of its area between `crop` and 1 "
     "(RandomResizedCrop). Then the image is padded by `pad` pixels, cropped to its original size, "
     "and flipped left to right with probability 1/2. Pixels beyond the borders have the value "
     "`fill`; for standardised images, black is -mean / deviation.\n"
     "The usual options for CIFAR-10 are pad = 4 and flip = true. In the experiments on Fourier "
     "masks, the networks S, T and R are trained with scale = {.5, 1.5}, translate = .4 and rotate "
     "= 180, respectively. To use these options in training, pass them to hfc.train as the table "
     "`augment`.\n"
     "samples: the index of each image in its source (default 0 to N - 1). The random numbers for "
     "an image depend only on the seed and on this index, not on the other images. Without a seed, "
     "each call draws one from torch's default generator (torch.manual_seed).\n"
     "Errors: images or samples with a wrong dtype or shape, an option out of range."},
};

}  // namespace

namespace detail {

void register_augment(lua_State* L) {
    declare(L, augment_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
