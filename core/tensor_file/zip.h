// Zip archives, using libzip: members are read one after another, and archives are built in memory.
#pragma once

#include "tensor_file/format.h"

#include <memory>
#include <string>
#include <vector>

struct zip;
struct zip_source;

namespace hfc::tensor_file {

/// An archive to read. Members may be stored or deflated. All functions throw Malformed if anything
/// is wrong with the archive.
class ZipReader {
  public:
    struct Member {
        std::string name;
        uint64_t size;   ///< in bytes, uncompressed
        uint64_t index;  ///< its position in the archive
    };

    explicit ZipReader(const std::filesystem::path& path);
    ~ZipReader();
    ZipReader(const ZipReader&) = delete;
    ZipReader& operator=(const ZipReader&) = delete;

    const std::vector<Member>& members() const { return members_; }
    /// The member with that name, or nullptr.
    const Member* find(std::string_view name) const;
    /// The first member with that name in any directory, or nullptr.
    const Member* find_in_any_folder(std::string_view name) const;
    uint64_t file_size() const { return file_size_; }

    /// Fills `to` with all bytes of the member and checks their checksum.
    void read(const Member& member, void* to);
    std::string read(const Member& member);
    /// Lets `use` read the member, then verifies its checksum.
    void read(const Member& member, const std::function<void(const ByteSource&)>& use);

  private:
    Member describe(uint64_t index);
    zip* archive_ = nullptr;
    uint64_t file_size_;
    uint64_t packed_size_ = 0;  ///< the total for the members seen so far
    std::vector<Member> members_;
};

/// An archive to write; its members are stored uncompressed. The tensors' bytes are referenced, not
/// copied, until the archive is written.
class ZipWriter {
  public:
    ZipWriter();
    ~ZipWriter();
    ZipWriter(const ZipWriter&) = delete;
    ZipWriter& operator=(const ZipWriter&) = delete;
    /// Adds a member that consists of `start` followed by the tensor's bytes; the tensor must be
    /// contiguous.
    void add(const std::string& name, std::string start, at::Tensor tensor);
    /// Completes the archive and passes its bytes to `write`, piece by piece.
    void finish(const std::function<void(std::string_view)>& write);

  private:
    struct Content;
    zip* archive_ = nullptr;
    zip_source* buffer_ = nullptr;
    std::vector<std::unique_ptr<Content>> contents_;
};

}  // namespace hfc::tensor_file
