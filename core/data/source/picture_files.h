// The bytes of pictures, in separate files or in tars.
#pragma once

#include "image_file/list_folder.h"
#include "image_file/read_picture.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hfc::data {

/// Pictures in the order of their labels. Never changes; several threads may read at once.
class PictureFiles {
  public:
    PictureFiles() = default;
    PictureFiles(const PictureFiles&) = delete;
    PictureFiles& operator=(const PictureFiles&) = delete;
    virtual ~PictureFiles() = default;

    virtual int64_t size() const = 0;
    virtual const std::vector<std::string>& class_names() const = 0;
    /// The number of pictures in a class.
    virtual int64_t count(int64_t label) const = 0;
    /// The name, which does not depend on where the pictures are stored: "cat/more/x.jpg".
    virtual std::string name(int64_t i) const = 0;
    /// The size of the encoded picture; nothing if it cannot be determined.
    virtual std::optional<uint64_t> bytes(int64_t i) const = 0;
    /// When its file was last written, in an unspecified unit; 0 if it cannot be determined.
    virtual int64_t written(int64_t i) const = 0;
    /// As in PictureReader::read().
    virtual void read(int64_t i, image_file::PictureReader& reader,
                      const image_file::ChooseGeometry& choose, const image_file::Size& result,
                      uint8_t* planes) const = 0;
};

/// The time of a file, as in PictureFiles::written().
int64_t written_at(const std::filesystem::path& path);

/// Files in directories.
class FolderFiles : public PictureFiles {
  public:
    explicit FolderFiles(image_file::PictureList list) : list_(std::move(list)) {}

    int64_t size() const override { return list_.size(); }
    const std::vector<std::string>& class_names() const override { return list_.class_names(); }
    int64_t count(int64_t label) const override { return list_.count(label); }
    std::string name(int64_t i) const override { return list_.name(i); }
    std::optional<uint64_t> bytes(int64_t i) const override;
    int64_t written(int64_t i) const override { return written_at(list_.path(i)); }
    void read(int64_t i, image_file::PictureReader& reader,
              const image_file::ChooseGeometry& choose, const image_file::Size& result,
              uint8_t* planes) const override {
        reader.read(list_.path(i), choose, result, planes);
    }

  private:
    image_file::PictureList list_;
};

}  // namespace hfc::data
