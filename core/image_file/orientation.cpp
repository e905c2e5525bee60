#include "image_file/orientation.h"

#include <utility>

namespace hfc::image_file {
namespace {

constexpr bool lies_on_its_side(int orientation) {
    return orientation >= 5;
}

constexpr bool rows_run_back(int orientation) {
    return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

constexpr bool columns_run_back(int orientation) {
    return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

/// Reads numbers of a TIFF block in its byte order. Bytes outside the block count as 0.
class TiffNumbers {
  public:
    TiffNumbers(std::string_view bytes, bool little) : bytes_(bytes), little_(little) {}

    uint32_t at(uint64_t offset, int width) const {
        uint32_t value = 0;
        for (int i = 0; i < width; ++i) {
            const auto place = offset + (little_ ? width - 1 - i : i);
            const auto byte = place < bytes_.size() ? static_cast<uint8_t>(bytes_[place]) : 0;
            value = value << 8 | byte;
        }
        return value;
    }

  private:
    std::string_view bytes_;
    bool little_;
};

}  // namespace

int exif_orientation(std::string_view segment) {
    constexpr std::string_view mark{"Exif\0\0", 6};
    constexpr uint32_t orientation_tag = 0x0112;
    constexpr uint32_t short_integer = 3;
    if (!segment.starts_with(mark)) {
        return 0;
    }
    const auto tiff = segment.substr(mark.size());
    const bool little = tiff.starts_with("II");
    if (!little && !tiff.starts_with("MM")) {
        return 0;
    }
    const TiffNumbers numbers(tiff, little);
    const uint64_t directory = numbers.at(4, 4);
    const auto entries = numbers.at(directory, 2);
    for (uint32_t i = 0; i < entries; ++i) {
        const auto entry = directory + 2 + uint64_t{12} * i;
        if (numbers.at(entry, 2) == orientation_tag && numbers.at(entry + 2, 2) == short_integer) {
            const auto value = numbers.at(entry + 8, 2);
            return value >= 1 && value <= 8 ? static_cast<int>(value) : 0;
        }
    }
    return 0;
}

Size upright_size(const Size& stored, int orientation) {
    return lies_on_its_side(orientation) ? Size{stored.width, stored.height} : stored;
}

Box stored_box(const Box& upright, const Size& stored, int orientation) {
    auto box = upright;
    if (lies_on_its_side(orientation)) {
        std::swap(box.top, box.left);
        std::swap(box.height, box.width);
    }
    if (rows_run_back(orientation)) {
        box.top = stored.height - box.top - box.height;
    }
    if (columns_run_back(orientation)) {
        box.left = stored.width - box.left - box.width;
    }
    return box;
}

void set_upright(const uint8_t* stored, const Size& size, int orientation, uint8_t* to,
                 size_t stride) {
    const bool side = lies_on_its_side(orientation);
    const auto row_step = 3 * size.width * (rows_run_back(orientation) ? -1 : 1);
    const int64_t column_step = columns_run_back(orientation) ? -3 : 3;
    const auto* first = stored +
                        (rows_run_back(orientation) ? 3 * size.width * (size.height - 1) : 0) +
                        (columns_run_back(orientation) ? 3 * (size.width - 1) : 0);
    const auto upright = upright_size(size, orientation);
    for (int64_t y = 0; y < upright.height; ++y) {
        auto* row = to + y * stride;
        for (int64_t x = 0; x < upright.width; ++x) {
            const auto* pixel =
                first + (side ? x * row_step + y * column_step : y * row_step + x * column_step);
            row[3 * x] = pixel[0];
            row[3 * x + 1] = pixel[1];
            row[3 * x + 2] = pixel[2];
        }
    }
}

}  // namespace hfc::image_file
