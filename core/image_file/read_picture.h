// Picture files as a network sees them: read, decoded, cropped and resized.
#pragma once

#include "image_file/picture_transform.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::image_file {

/// Whether a picture is turned as its EXIF block says.
enum class Orientation { exif, ignore };

/// "exif" or "ignore"; throws Error for anything else.
Orientation parse_orientation(const std::string& name);

struct PictureOptions {
    Interpolation interpolation = Interpolation::bilinear;
    Orientation orientation = Orientation::exif;
};

/// What to do with a picture of this size; it stands upright unless orientation is ignored.
using ChooseGeometry = std::function<Geometry(const Size& picture)>;

/// Reads pictures one after the other in memory that it keeps. One for each thread; call
/// prepare_image_codec() before threads start.
class PictureReader {
  public:
    explicit PictureReader(const PictureOptions& options = {}) : options_(options) {}

    /// Of the next pictures.
    void set_options(const PictureOptions& options) { options_ = options; }

    /// Reads a JPEG, PNG, BMP, PPM, PGM, TIFF or WebP, whatever its name says, as planes of red,
    /// green and blue bytes [3, result.height, result.width]. Grey, palettes and CMYK become RGB,
    /// alpha is dropped, of 16 bits the upper 8 are kept. Of a JPEG only the pixels that the
    /// geometry needs are decoded. Throws Error naming the file where it cannot be read, is no
    /// picture, is cut short or damaged, has more than 2^28 pixels, or where the geometry does not
    /// give the size of the result.
    void read(const std::filesystem::path& path, const ChooseGeometry& choose, const Size& result,
              uint8_t* planes);

    /// The same of a file's bytes. path: what messages call it.
    void decode(std::string_view bytes, const std::filesystem::path& path,
                const ChooseGeometry& choose, const Size& result, uint8_t* planes);

  private:
    void decode_needed_jpeg(std::string_view bytes, const std::filesystem::path& path,
                            const Size& stored, int orientation, const Box& need, uint8_t* to,
                            size_t stride);
    void shrink();

    PictureOptions options_;
    std::string file_;
    std::vector<uint8_t> rgb_;     ///< the pixels that are resized
    std::vector<uint8_t> stored_;  ///< those of a picture that is yet to be turned
};

}  // namespace hfc::image_file
