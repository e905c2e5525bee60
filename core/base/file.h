// Reads whole files with checks, and writes files completely or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hfc {

/// A file descriptor that closes itself.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return number_; }
    bool open() const { return number_ >= 0; }
    /// Returns false and sets errno if the written data could not be stored.
    bool close();

  private:
    int number_;
};

/// A regular file, opened for reading in pieces. On failure, throws Error naming the file and the
/// reason.
class InputFile {
  public:
    explicit InputFile(const std::filesystem::path& path);
    const std::filesystem::path& path() const { return path_; }
    uint64_t size() const { return size_; }
    /// Fills `to` with the `count` bytes at `offset`.
    void read(uint64_t offset, void* to, size_t count) const;

  private:
    std::filesystem::path path_;
    Descriptor file_;
    uint64_t size_ = 0;
};

/// Whether a file must survive a power failure or only a crash of this process.
enum class Sync { yes, no };

/// A file that is written in pieces and appears under its name only when it is complete. The pieces
/// go to a temporary file next to `path`. commit() syncs and renames this file, and then syncs the
/// directory. Without commit() the temporary file is removed; a temporary file left by a process
/// that died is removed when the same file is written again. If `path` is a symbolic link, the link
/// stays, and the file that it points to is replaced. If `path` is a device or a pipe, the bytes
/// are written to it directly. On failure, throws Error naming the file and the reason (no space,
/// no permission).
class OutputFile {
  public:
    explicit OutputFile(const std::filesystem::path& path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    void write(std::string_view bytes);
    void commit(Sync sync = Sync::yes);

  private:
    [[noreturn]] void fail_to_write() const;
    int open();
    std::filesystem::path path_;    ///< as given by the caller
    std::filesystem::path target_;  ///< with symbolic links followed
    std::string temporary_;         ///< empty if the file is written directly or already renamed
    Descriptor file_;
};

/// Removes the temporary files in `folder` that OutputFile made for files whose names start with
/// `prefix`; see remove_orphan().
void remove_orphans(const std::filesystem::path& folder, const std::string& prefix);

/// Removes a temporary file unless a lock on it shows that a process is still writing it. If the
/// file system does not support locks, the file is kept.
void remove_orphan(const std::filesystem::path& path);

/// Returns the bytes of a file. Throws Error naming the file if it is missing, not a regular file,
/// unreadable, or larger than `limit` bytes.
std::string read_file(const std::filesystem::path& path, uint64_t limit = uint64_t{4} << 30);

/// Writes the bytes through an OutputFile, so that `path` contains either the old or the new
/// content.
void write_file(const std::filesystem::path& path, std::string_view bytes, Sync sync = Sync::yes);

/// Writes all bytes. Returns false and sets errno if that fails.
bool write_all(int descriptor, std::string_view bytes);

/// Makes a directory and its parents. Throws Error naming the directory and the reason.
void make_folder(const std::filesystem::path& path);

/// From now on, OutputFile and make_folder() first call `check`, which throws Error if it refuses
/// the path.
using WriteCheck = void (*)(const std::filesystem::path& path);
void check_writes_by(WriteCheck check);

/// For files that other code opens. Throws Error if the check refuses the path.
void require_writable(const std::filesystem::path& path);

}  // namespace hfc
