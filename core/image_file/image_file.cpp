#include "image_file/image_file.h"

#include "base/error.h"
#include "image_file/codec/image_codec.h"
#include "image_file/image_check.h"

#include <c10/util/env.h>

#include <dlfcn.h>

#include <algorithm>
#include <new>

namespace hfc::image_file {
namespace {

struct Codec {
    HfcOpencvVersion version;
    HfcDecodeImage decode;
    HfcEncodePng encode;
};

/// Where the module may be: next to the program, or where the build put it.
std::vector<std::filesystem::path> candidates() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    return {program.parent_path() / "libhfc_image_codec.so",
            std::filesystem::path(HFC_IMAGE_CODEC_FOLDER) / "libhfc_image_codec.so"};
}

template <typename Function>
Function symbol(void* module, const std::filesystem::path& path, const char* name) {
    auto* address = ::dlsym(module, name);
    require(
        address != nullptr,
        "the module '{}' has no function '{}': it was built for a different version of the program",
        path.string(), name);
    return reinterpret_cast<Function>(address);
}

/// Sets OpenCV's own limit on the size of an image in an environment variable that OpenCV reads
/// when it is loaded.
void limit_pixels() {
    static const bool done = [] {
        c10::utils::set_env("OPENCV_IO_MAX_IMAGE_PIXELS", std::to_string(most_image_pixels).c_str(),
                            /*overwrite=*/false);
        return true;
    }();
    static_cast<void>(done);
}

Codec load_codec() {
    const auto paths = candidates();
    const auto path = std::ranges::find_if(paths, [](const auto& candidate) {
        std::error_code error;
        return std::filesystem::is_regular_file(candidate, error);
    });
    require(path != paths.end(),
            "the module libhfc_image_codec.so, which reads images, is missing; looked for '{}'",
            fmt::join(
                [&] {
                    std::vector<std::string> names;
                    for (const auto& candidate : paths) {
                        names.push_back(candidate.string());
                    }
                    return names;
                }(),
                "', '"));
    limit_pixels();
    auto* module = ::dlopen(path->c_str(), RTLD_NOW | RTLD_LOCAL);
    require(module != nullptr,
            "the module '{}', which reads images with OpenCV, cannot be loaded: {}", path->string(),
            ::dlerror());
    return {symbol<HfcOpencvVersion>(module, *path, "hfc_opencv_version"),
            symbol<HfcDecodeImage>(module, *path, "hfc_decode_image"),
            symbol<HfcEncodePng>(module, *path, "hfc_encode_png")};
}

/// Loaded once and kept. After a failure, the next call tries again.
const Codec& codec() {
    static const Codec loaded = load_codec();
    return loaded;
}

}  // namespace

void prepare_image_codec() {
    limit_pixels();
}

Size decode_by_opencv(std::string_view bytes, const std::filesystem::path& path,
                      bool follow_orientation, std::vector<uint8_t>& rgb) {
    struct Place {
        std::vector<uint8_t>& rgb;
        Size size;
    } decoded{rgb, {}};
    const auto place = [](void* context, int height, int width) -> uint8_t* {
        auto& to = *static_cast<Place*>(context);
        to.size = {height, width};
        try {
            to.rgb.resize(size_t{3} * height * width);
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
        return to.rgb.data();
    };
    char message[256] = "";
    const int failed =
        codec().decode(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                       follow_orientation ? 1 : 0, place, &decoded, message, sizeof message);
    require(failed == 0, "the image '{}' cannot be decoded: {}", path.string(), message);
    return decoded.size;
}

std::string encode_png(const uint8_t* planes, int64_t channels, int64_t height, int64_t width) {
    require(channels == 1 || channels == 3,
            "encode_png: channels must be 1 (grey) or 3 (RGB), got {}", channels);
    require(height >= 1 && width >= 1 && height <= 65535 && width <= 65535,
            "encode_png: height and width must be 1 to 65535, got {} x {}", height, width);
    std::string png;
    const auto take = [](void* context, const uint8_t* bytes, size_t byte_count) {
        static_cast<std::string*>(context)->assign(reinterpret_cast<const char*>(bytes),
                                                   byte_count);
    };
    char message[256] = "";
    const int failed = codec().encode(planes, static_cast<int>(channels), static_cast<int>(height),
                                      static_cast<int>(width), take, &png, message, sizeof message);
    require(failed == 0, "encode_png: an image of {} x {} x {} cannot be encoded: {}", channels,
            height, width, message);
    return png;
}

std::string opencv_version() {
    return codec().version();
}

}  // namespace hfc::image_file
