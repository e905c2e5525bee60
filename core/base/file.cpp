#include "base/file.h"

#include "base/error.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace hfc {
namespace {

/// Whether the path is a device or a pipe, which cannot be replaced by renaming a file.
bool is_special(const std::filesystem::path& path) {
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) &&
           !S_ISDIR(status.st_mode);
}

WriteCheck write_check = nullptr;

/// The file that `path` refers to after following symbolic links; it need not exist.
std::filesystem::path followed(const std::filesystem::path& path) {
    constexpr int most_links = 40;  // as many as the kernel follows
    auto target = path;
    for (int i = 0; i < most_links; ++i) {
        std::error_code error;
        const auto next = std::filesystem::read_symlink(target, error);
        if (error) {
            return target;
        }
        target = target.parent_path() / next;
    }
    fail("cannot write '{}': {}", path.string(), std::strerror(ELOOP));
}

/// Checks that the link and its target may be written, and returns the target, which need not
/// exist.
std::filesystem::path writable(const std::filesystem::path& path) {
    require_writable(path);
    auto target = followed(path);
    require_writable(target);
    return target;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// The prefix of the names of a file's temporary files. A name may have up to 255 bytes, including
/// the suffix.
std::string temporary_stem(const std::filesystem::path& path) {
    constexpr size_t longest = 200;
    return path.filename().string().substr(0, longest);
}

constexpr std::string_view temporary_mark = ".hfc-";
constexpr std::string_view temporary_end = ".tmp";
constexpr size_t mark_digits = 8;

std::string temporary_name(const std::filesystem::path& path) {
    uint32_t number = 0;
    if (::getentropy(&number, sizeof number) != 0) {
        number = static_cast<uint32_t>(::getpid());
    }
    const auto name = fmt::format("{}{}{:0{}x}{}", temporary_stem(path), temporary_mark, number,
                                  mark_digits, temporary_end);
    return (folder_of(path) / name).string();
}

/// Whether `name` is temporary_name() of a file whose name begins with `prefix`.
bool is_temporary(std::string_view name, std::string_view prefix) {
    constexpr size_t suffix = temporary_mark.size() + mark_digits + temporary_end.size();
    if (!name.starts_with(prefix) || !name.ends_with(temporary_end) || name.size() < suffix) {
        return false;
    }
    const auto mark = name.substr(name.size() - suffix);
    return mark.starts_with(temporary_mark) &&
           mark.substr(temporary_mark.size(), mark_digits).find_first_not_of("0123456789abcdef") ==
               std::string_view::npos;
}

/// Called after a rename; otherwise, a power failure could bring back the old file or leave no file
/// at all. Some file systems cannot sync a directory; this does not count as an error.
bool sync_folder(const std::filesystem::path& folder) {
    const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return !file.open() || ::fsync(file.get()) == 0 || (errno != EIO && errno != ENOSPC);
}

}  // namespace

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written < 0 ? errno : ENOSPC;
            return false;
        }
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
}

void check_writes_by(WriteCheck check) {
    write_check = check;
}

void require_writable(const std::filesystem::path& path) {
    if (write_check != nullptr) {
        write_check(path);
    }
}

Descriptor::~Descriptor() {
    if (number_ >= 0) {
        ::close(number_);
    }
}

bool Descriptor::close() {
    const int result = ::close(number_);
    number_ = -1;
    return result == 0;
}

InputFile::InputFile(const std::filesystem::path& path)
    // O_NONBLOCK: otherwise, opening a pipe would wait for its writer.
    : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    require(file_.open(), "cannot read '{}': {}", path.string(), std::strerror(errno));
    struct stat status = {};
    require(::fstat(file_.get(), &status) == 0, "cannot read '{}': {}", path.string(),
            std::strerror(errno));
    require(S_ISREG(status.st_mode), "cannot read '{}': not a regular file", path.string());
    size_ = static_cast<uint64_t>(status.st_size);
}

void InputFile::read(uint64_t offset, void* to, size_t count) const {
    size_t done = 0;
    while (done < count) {
        const ssize_t got = ::pread(file_.get(), static_cast<char*>(to) + done, count - done,
                                    static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        require(got >= 0, "cannot read '{}': {}", path_.string(), std::strerror(errno));
        require(got > 0, "cannot read '{}': it ended after {} of {} bytes", path_.string(),
                offset + done, size_);
        done += static_cast<size_t>(got);
    }
}

OutputFile::OutputFile(const std::filesystem::path& path)
    : path_(path), target_(writable(path)), file_(open()) {
    if (!file_.open()) {
        fail_to_write();
    }
}

/// Creates a temporary file and locks it until it is closed. Devices and pipes are opened directly.
int OutputFile::open() {
    if (is_special(target_)) {
        return ::open(target_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    }
    remove_orphans(folder_of(target_), temporary_stem(target_) + std::string(temporary_mark));
    for (;;) {
        temporary_ = temporary_name(target_);
        const int file =
            ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (file < 0 && errno == EEXIST) {
            continue;
        }
        if (file < 0) {
            temporary_.clear();
            return file;
        }
        struct stat status = {};
        ::flock(file, LOCK_EX);
        if (::fstat(file, &status) != 0 || status.st_nlink > 0) {
            return file;
        }
        ::close(file);  // another process took it for an orphan before it was locked
    }
}

OutputFile::~OutputFile() {
    if (!temporary_.empty()) {
        ::unlink(temporary_.c_str());
    }
}

void OutputFile::fail_to_write() const {
    fail("cannot write '{}': {}", path_.string(), std::strerror(errno));
}

void OutputFile::write(std::string_view bytes) {
    if (!write_all(file_.get(), bytes)) {
        fail_to_write();
    }
}

void OutputFile::commit(Sync sync) {
    if (temporary_.empty()) {
        if (!file_.close()) {
            fail_to_write();
        }
        return;
    }
    // Renamed before it is closed, because closing releases the lock.
    if ((sync == Sync::yes && ::fsync(file_.get()) != 0) ||
        ::rename(temporary_.c_str(), target_.c_str()) != 0) {
        fail_to_write();
    }
    temporary_.clear();
    if (!file_.close() || (sync == Sync::yes && !sync_folder(folder_of(target_)))) {
        fail_to_write();
    }
}

void remove_orphan(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status = {};
    if (file.open() && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
        ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
        ::unlink(path.c_str());
    }
}

void remove_orphans(const std::filesystem::path& folder, const std::string& prefix) {
    std::error_code error;
    std::vector<std::filesystem::path> found;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        if (is_temporary(entry->path().filename().string(), prefix)) {
            found.push_back(entry->path());
        }
    }
    std::ranges::for_each(found, remove_orphan);
}

std::string read_file(const std::filesystem::path& path, uint64_t limit) {
    const InputFile file(path);
    require(file.size() <= limit, "cannot read '{}': it has {} bytes, expected at most {}",
            path.string(), file.size(), limit);
    std::string bytes(file.size(), '\0');
    file.read(0, bytes.data(), bytes.size());
    return bytes;
}

void write_file(const std::filesystem::path& path, std::string_view bytes, Sync sync) {
    OutputFile file(path);
    file.write(bytes);
    file.commit(sync);
}

void make_folder(const std::filesystem::path& path) {
    require_writable(path);
    std::error_code error;
    std::vector<std::filesystem::path> made;
    for (auto missing = path; !missing.empty() && !std::filesystem::exists(missing, error);
         missing = missing.parent_path()) {
        made.push_back(missing);
    }
    std::filesystem::create_directories(path, error);
    require(!error, "cannot create the directory '{}': {}", path.string(), error.message());
    for (const auto& folder : made) {
        require(sync_folder(folder_of(folder)), "cannot create the directory '{}': {}",
                path.string(), std::strerror(errno));
    }
}

}  // namespace hfc
