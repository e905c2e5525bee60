// Zip archives, by libzip: members are read one behind another, and archives are made in memory.
#pragma once

#include "tensor_file/format.h"

#include <memory>
#include <string>
#include <vector>

struct zip;
struct zip_source;

namespace hfc::tensor_file {

/// An archive to read from. Members may be stored or deflated. What is wrong throws Malformed.
class ZipReader {
  public:
    struct Member {
        std::string name;
        uint64_t size;   ///< bytes, unpacked
        uint64_t index;  ///< in the archive
    };

    explicit ZipReader(const std::filesystem::path& path);
    ~ZipReader();
    ZipReader(const ZipReader&) = delete;
    ZipReader& operator=(const ZipReader&) = delete;

    const std::vector<Member>& members() const { return members_; }
    /// The member of that name, or nullptr.
    const Member* find(std::string_view name) const;
    /// The first member of that name, whatever folder it is in, or nullptr.
    const Member* find_in_any_folder(std::string_view name) const;
    uint64_t file_size() const { return file_size_; }

    /// Fills `to` with all bytes of the member and checks their checksum.
    void read(const Member& member, void* to);
    std::string read(const Member& member);
    /// Reads the member through `use`, then checks its checksum.
    void read(const Member& member, const std::function<void(const ByteSource&)>& use);

  private:
    Member describe(uint64_t index);
    zip* archive_ = nullptr;
    uint64_t file_size_;
    uint64_t packed_size_ = 0;  ///< of the members seen so far
    std::vector<Member> members_;
};

/// An archive to be written, of stored members. The tensors' bytes are kept, not copied, until the
/// archive is written.
class ZipWriter {
  public:
    ZipWriter();
    ~ZipWriter();
    ZipWriter(const ZipWriter&) = delete;
    ZipWriter& operator=(const ZipWriter&) = delete;
    /// The member is `start` and then the tensor's bytes; the tensor is contiguous.
    void add(const std::string& name, std::string start, at::Tensor tensor);
    /// Finishes the archive and hands its bytes to `write`, piece by piece.
    void finish(const std::function<void(std::string_view)>& write);

  private:
    struct Content;
    zip* archive_ = nullptr;
    zip_source* buffer_ = nullptr;
    std::vector<std::unique_ptr<Content>> contents_;
};

}  // namespace hfc::tensor_file
