// The check of picture files, and the JPEG decoder behind it. The last bytes choose the box.
#include "fuzz.h"
#include "image_file/image_check.h"
#include "image_file/jpeg.h"

#include <vector>

namespace hfc::image_file {
namespace {

/// Larger pictures take the fuzzer's time, and show nothing more.
constexpr int64_t most_pixels = 1 << 20;

constexpr size_t choice_bytes = 4;

int64_t chosen(uint8_t byte, int64_t count) {
    return byte * count / 256;
}

void decode(std::string_view bytes, const uint8_t* choice) {
    const auto info = check_image(bytes, "picture");
    const auto [height, width] = info.stored;
    if (info.format != Format::jpeg || height * width > most_pixels) {
        return;
    }
    Box box{chosen(choice[0], height), chosen(choice[1], width), 0, 0};
    box.height = 1 + chosen(choice[2], height - box.top);
    box.width = 1 + chosen(choice[3], width - box.left);
    std::vector<uint8_t> rgb(static_cast<size_t>(3 * box.height * box.width));
    decode_jpeg(bytes, "picture", box, rgb.data(), static_cast<size_t>(3 * box.width));
}

}  // namespace
}  // namespace hfc::image_file

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using hfc::image_file::choice_bytes;
    if (size < choice_bytes) {
        return 0;
    }
    // They may stand behind the picture's end marker.
    hfc::fuzz::refused_at_worst(
        [&] { hfc::image_file::decode(hfc::fuzz::text(data, size), data + size - choice_bytes); });
    return 0;
}
