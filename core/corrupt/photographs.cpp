#include "corrupt/photographs.h"

#include "base/error.h"
#include "base/file.h"
#include "image_file/image_check.h"
#include "image_file/read_picture.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace hfc::corrupt {
namespace {

constexpr const char* names[] = {"frost1.png", "frost2.png", "frost3.png", "frost4.jpg",
                                 "frost5.jpg"};
constexpr const char* source =
    "download the photographs from the directory ImageNet-C/create_c of "
    "github.com/hendrycks/robustness";

Bytes read_whole(const std::filesystem::path& path) {
    const auto file = read_file(path);
    const auto size = image_file::check_image(file, path).stored;
    require(size.height > 0, "the photograph '{}' is neither PNG nor JPEG; {}", path.string(),
            source);
    Bytes picture(3, size.height, size.width);
    image_file::PictureReader reader(
        {image_file::Interpolation::bilinear, image_file::Orientation::ignore});
    reader.decode(file, path, image_file::whole_picture, size, picture.values.data());
    return picture;
}

/// The properties that show whether a file is still the one that was read before.
struct KnownFile {
    std::filesystem::path path;
    uintmax_t size;
    std::filesystem::file_time_type time;
    bool operator==(const KnownFile&) const = default;
};

}  // namespace

std::shared_ptr<const Photographs> read_photographs(const std::filesystem::path& folder) {
    require(!folder.empty(),
            "the corruption frost requires the option 'frost' (the directory that contains the "
            "photographs {}); {}",
            fmt::join(names, ", "), source);
    std::vector<KnownFile> files;
    for (const auto* name : names) {
        const auto path = folder / name;
        std::error_code error;
        require(std::filesystem::is_regular_file(path, error),
                "frost requires the photograph '{}', which is missing; {}", path.string(), source);
        files.push_back(
            {path, std::filesystem::file_size(path), std::filesystem::last_write_time(path)});
    }
    // Kept, because scripts that corrupt images in batches use the same photographs in each call.
    static std::mutex mutex;
    static std::vector<KnownFile> last_files;
    static std::shared_ptr<const Photographs> last;
    const std::scoped_lock lock(mutex);
    if (!last || files != last_files) {
        auto read = std::make_shared<Photographs>();
        for (const auto& file : files) {
            read->pictures.push_back(read_whole(file.path));
        }
        last = std::move(read);
        last_files = std::move(files);
    }
    return last;
}

std::shared_ptr<const Photographs> smaller(const Photographs& photographs) {
    auto result = std::make_shared<Photographs>();
    for (const auto& picture : photographs.pictures) {
        const auto fifth = [](int64_t size) {
            return static_cast<int64_t>(std::nearbyint(static_cast<double>(size) * 0.2));
        };
        Bytes small(picture.channels, fifth(picture.height), fifth(picture.width));
        for (int64_t c = 0; c < small.channels; ++c) {
            for (int64_t y = 0; y < small.height; ++y) {
                for (int64_t x = 0; x < small.width; ++x) {
                    small.at(c, y, x) = picture.at(c, std::min(5 * y + 2, picture.height - 1),
                                                   std::min(5 * x + 2, picture.width - 1));
                }
            }
        }
        result->pictures.push_back(std::move(small));
    }
    return result;
}

void require_larger(const Photographs& photographs, int64_t height, int64_t width) {
    for (const auto& picture : photographs.pictures) {
        require(picture.height > height && picture.width > width,
                "after scaling, the frost photographs must be larger than the images ({} x "
                "{}), but one photograph has {} x {} pixels",
                height, width, picture.height, picture.width);
    }
}

}  // namespace hfc::corrupt
