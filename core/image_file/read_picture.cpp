#include "image_file/read_picture.h"

#include "base/error.h"
#include "base/file.h"
#include "image_file/image_check.h"
#include "image_file/image_file.h"
#include "image_file/jpeg.h"
#include "image_file/orientation.h"
#include "image_file/resample.h"

namespace hfc::image_file {
namespace {

constexpr uint64_t largest_file = uint64_t{1} << 30;

/// The largest block that a reader keeps for the next picture; a larger one is freed immediately.
constexpr size_t kept_bytes = size_t{32} << 20;

template <typename Block>
void shrink_block(Block& block) {
    if (block.capacity() > kept_bytes) {
        Block().swap(block);
    }
}

Geometry checked(const Geometry& geometry, const Size& picture, const Size& result,
                 const std::filesystem::path& path) {
    const auto& box = geometry.box;
    require(box.top >= 0 && box.left >= 0 && box.height >= 1 && box.width >= 1 &&
                box.top + box.height <= picture.height && box.left + box.width <= picture.width &&
                geometry.resized.height >= 1 && geometry.resized.width >= 1,
            "the image '{}' has {} x {} pixels, so a box of {} x {} at ({}, {}) cannot be cut out",
            path.string(), picture.height, picture.width, box.height, box.width, box.top, box.left);
    require(geometry.window.height == result.height && geometry.window.width == result.width,
            "the image '{}' has {} x {} pixels after resizing and cropping, expected {} x {}",
            path.string(), geometry.window.height, geometry.window.width, result.height,
            result.width);
    return geometry;
}

}  // namespace

Orientation parse_orientation(const std::string& name) {
    require(name == "exif" || name == "ignore",
            "orientation must be \"exif\" or \"ignore\", got \"{}\"{}", name,
            did_you_mean(name, {"exif", "ignore"}));
    return name == "exif" ? Orientation::exif : Orientation::ignore;
}

void PictureReader::read(const std::filesystem::path& path, const ChooseGeometry& choose,
                         const Size& result, uint8_t* planes) {
    const InputFile file(path);
    require(file.size() <= largest_file, "the image '{}' has {} bytes, expected at most {}",
            path.string(), file.size(), largest_file);
    file_.resize(file.size());
    file.read(0, file_.data(), file_.size());
    decode(file_, path, choose, result, planes);
    shrink();
}

void PictureReader::decode(std::string_view bytes, const std::filesystem::path& path,
                           const ChooseGeometry& choose, const Size& result, uint8_t* planes) {
    const auto info = check_image(bytes, path);
    const bool follow = options_.orientation == Orientation::exif;
    if (info.format != Format::jpeg) {
        const auto size = decode_by_opencv(bytes, path, follow, rgb_);
        const auto geometry = checked(choose(size), size, result, path);
        const auto plan = plan_resampling(geometry, options_.interpolation);
        const auto stride = static_cast<size_t>(3 * size.width);
        resample(rgb_.data() + plan.rows.begin * stride + 3 * plan.columns.begin, stride, plan,
                 geometry, options_.interpolation, planes);
        return;
    }
    const int orientation = follow ? info.orientation : 1;
    const auto size = upright_size(info.stored, orientation);
    const auto geometry = checked(choose(size), size, result, path);
    const auto plan = plan_resampling(geometry, options_.interpolation);
    const auto& [rows, columns] = plan;
    const auto stride = static_cast<size_t>(3 * columns.length);
    rgb_.resize(rows.length * stride);
    auto* needed = rgb_.data() + (rows.need_begin - rows.begin) * stride +
                   3 * (columns.need_begin - columns.begin);
    const Box need{rows.need_begin, columns.need_begin, rows.need_length, columns.need_length};
    decode_needed_jpeg(bytes, path, info.stored, orientation, need, needed, stride);
    resample(rgb_.data(), stride, plan, geometry, options_.interpolation, planes);
}

void PictureReader::decode_needed_jpeg(std::string_view bytes, const std::filesystem::path& path,
                                       const Size& stored, int orientation, const Box& need,
                                       uint8_t* to, size_t stride) {
    if (orientation == 1) {
        decode_jpeg(bytes, path, need, to, stride);
        return;
    }
    const auto box = stored_box(need, stored, orientation);
    const auto stored_stride = static_cast<size_t>(3 * box.width);
    stored_.resize(box.height * stored_stride);
    decode_jpeg(bytes, path, box, stored_.data(), stored_stride);
    set_upright(stored_.data(), {box.height, box.width}, orientation, to, stride);
}

void PictureReader::shrink() {
    shrink_block(file_);
    shrink_block(rgb_);
    shrink_block(stored_);
}

}  // namespace hfc::image_file
