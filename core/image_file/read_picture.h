// Reads picture files and decodes, crops and resizes them for a network.
#pragma once

#include "image_file/picture_transform.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::image_file {

/// Whether a picture is rotated as its EXIF block specifies.
enum class Orientation { exif, ignore };

/// "exif" or "ignore"; throws Error for anything else.
Orientation parse_orientation(const std::string& name);

struct PictureOptions {
    Interpolation interpolation = Interpolation::bilinear;
    Orientation orientation = Orientation::exif;
};

/// Returns the changes to make to a picture of this size. The picture is upright unless orientation
/// is ignored.
using ChooseGeometry = std::function<Geometry(const Size& picture)>;

/// Reads pictures one after another into memory that it reuses. Use one object per thread, and call
/// prepare_image_codec() before threads start.
class PictureReader {
  public:
    explicit PictureReader(const PictureOptions& options = {}) : options_(options) {}

    /// Sets the options for the next pictures.
    void set_options(const PictureOptions& options) { options_ = options; }

    /// Reads a JPEG, PNG, BMP, PPM, PGM, TIFF or WebP file, whatever its name, as planes of red,
    /// green and blue bytes [3, result.height, result.width]. Grey, palettes and CMYK become RGB,
    /// alpha is dropped, and 16-bit values keep their upper 8 bits. For a JPEG, only the pixels
    /// that the geometry needs are decoded. Throws Error naming the file if it cannot be read, is
    /// not a picture, is truncated or damaged, or has more than 2^28 pixels, or if the geometry
    /// gives a size other than `result`.
    void read(const std::filesystem::path& path, const ChooseGeometry& choose, const Size& result,
              uint8_t* planes);

    /// Like read(), but for the bytes of a file. path: the file name to use in messages.
    void decode(std::string_view bytes, const std::filesystem::path& path,
                const ChooseGeometry& choose, const Size& result, uint8_t* planes);

  private:
    void decode_needed_jpeg(std::string_view bytes, const std::filesystem::path& path,
                            const Size& stored, int orientation, const Box& need, uint8_t* to,
                            size_t stride);
    void shrink();

    PictureOptions options_;
    std::string file_;
    std::vector<uint8_t> rgb_;     ///< the pixels before resizing
    std::vector<uint8_t> stored_;  ///< the pixels of a picture that has not been rotated yet
};

}  // namespace hfc::image_file
