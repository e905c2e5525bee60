#include "data/source.h"

#include "base/error.h"
#include "base/random.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::data {

uint64_t seed_of(const Draw& draw) {
    return derive_seed(draw.seed, fmt::format("epoch {}", draw.epoch));
}

const std::vector<std::string>& Source::class_names() const {
    static const std::vector<std::string> none;
    return none;
}

Shape Source::shape_of(int64_t) const {
    return shape();
}

std::vector<at::Tensor> Source::targets(const at::Tensor&) const {
    return {};
}

std::shared_ptr<const Source> Source::with_recipe(const image_file::PictureRecipe&) const {
    fail("'{}' is not made from image files, so there is nothing to resize or crop", name());
}

void Source::add_images(Checksum& checksum, const at::Tensor& samples) const {
    constexpr int64_t most_images = 64;
    const auto chosen = std::min(samples.size(0), most_images);
    const auto [channels, height, width] = shape();
    auto image = at::empty({1, channels, height, width}, dtype());
    for (int64_t i = 0; i < chosen; ++i) {
        // Evenly spaced, including the first and the last image.
        const auto position = chosen == 1 ? 0 : i * (samples.size(0) - 1) / (chosen - 1);
        read(samples.narrow(0, position, 1), {}, image);
        checksum.add({static_cast<const char*>(image.const_data_ptr()), image.nbytes()});
    }
}

}  // namespace hfc::data
