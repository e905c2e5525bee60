// Files: read whole and checked, written whole or not at all.
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
    /// False, with errno set, when what was written could not be kept.
    bool close();

  private:
    int number_;
};

/// A regular file, opened to be read in pieces. What fails throws Error naming the file and the
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

/// Whether a file must outlive a power failure, or the end of this process only.
enum class Sync { yes, no };

/// A file written in pieces that appears under its name when it is whole: the pieces go to a
/// temporary file beside `path`, which commit() syncs and renames; then it syncs the folder.
/// Without commit() the temporary file is removed; one that a dead process has left is removed when
/// the same file is written again. A symbolic link stays: the file that it points to is replaced. A
/// `path` that is a device or a pipe is written as it is. What fails throws Error naming the file
/// and the reason (no space, no permission).
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
    std::filesystem::path path_;    ///< as it was given
    std::filesystem::path target_;  ///< with symbolic links followed
    std::string temporary_;         ///< empty: written as it is, or already renamed
    Descriptor file_;
};

/// Removes the temporary files in `folder` that OutputFile made for files whose names begin with
/// `prefix`, each as remove_orphan() does.
void remove_orphans(const std::filesystem::path& folder, const std::string& prefix);

/// Removes a temporary file unless a living process still writes it, which holds a lock. Where the
/// file system has no locks nobody can tell, and the file stays.
void remove_orphan(const std::filesystem::path& path);

/// The file's bytes. Throws Error naming the file when it is missing, not a regular file,
/// unreadable, or larger than `limit` bytes.
std::string read_file(const std::filesystem::path& path, uint64_t limit = uint64_t{4} << 30);

/// Writes the bytes through an OutputFile, so that `path` holds either the old or the new content.
void write_file(const std::filesystem::path& path, std::string_view bytes, Sync sync = Sync::yes);

/// Writes all of the bytes. False, with errno set, where that fails.
bool write_all(int descriptor, std::string_view bytes);

/// Makes a folder and its parents. Throws Error naming the folder and the reason.
void make_folder(const std::filesystem::path& path);

/// From now on OutputFile and make_folder() first call `check`, which throws Error where it refuses
/// the path.
using WriteCheck = void (*)(const std::filesystem::path& path);
void check_writes_by(WriteCheck check);

/// For files that are opened elsewhere. Throws Error where the check refuses the path.
void require_writable(const std::filesystem::path& path);

}  // namespace hfc
