// Where the bytes of pictures are: in files of their own, or in tars.
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
    /// How many pictures a class has.
    virtual int64_t count(int64_t label) const = 0;
    /// The same wherever the pictures lie: "cat/more/x.jpg".
    virtual std::string name(int64_t i) const = 0;
    /// Of the encoded picture; nothing where that cannot be found out.
    virtual std::optional<uint64_t> bytes(int64_t i) const = 0;
    /// When its file was written last, in a unit of its own; 0 where that cannot be found out.
    virtual int64_t written(int64_t i) const = 0;
    /// As PictureReader::read().
    virtual void read(int64_t i, image_file::PictureReader& reader,
                      const image_file::ChooseGeometry& choose, const image_file::Size& result,
                      uint8_t* planes) const = 0;
};

/// Of a file, as PictureFiles::written().
int64_t written_at(const std::filesystem::path& path);

/// Files in folders.
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
