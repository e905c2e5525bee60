#include "base/file.h"

#include "base/error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hfc {
namespace {

/// A device or a pipe cannot be replaced by a renamed file.
bool is_special(const std::filesystem::path& path) {
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) &&
           !S_ISDIR(status.st_mode);
}

WriteCheck write_check = nullptr;

const std::filesystem::path& writable(const std::filesystem::path& path) {
    if (write_check != nullptr) {
        write_check(path);
    }
    return path;
}

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
}

}  // namespace

void check_writes_by(WriteCheck check) {
    write_check = check;
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
    // O_NONBLOCK: opening a pipe would wait for its writer.
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
    : path_(writable(path)),
      temporary_(is_special(path) ? std::string()
                                  : path.string() + fmt::format(".{}.tmp", ::getpid())),
      file_(::open(temporary_.empty() ? path.c_str() : temporary_.c_str(),
                   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (!file_.open()) {
        fail_to_write();
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

void OutputFile::commit() {
    if (temporary_.empty()) {
        if (!file_.close()) {
            fail_to_write();
        }
        return;
    }
    if (::fsync(file_.get()) != 0 || !file_.close() ||
        ::rename(temporary_.c_str(), path_.c_str()) != 0) {
        fail_to_write();
    }
    temporary_.clear();
}

std::string read_file(const std::filesystem::path& path, uint64_t limit) {
    const InputFile file(path);
    require(file.size() <= limit, "cannot read '{}': it has {} bytes, expected at most {}",
            path.string(), file.size(), limit);
    std::string bytes(file.size(), '\0');
    file.read(0, bytes.data(), bytes.size());
    return bytes;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
    OutputFile file(path);
    file.write(bytes);
    file.commit();
}

void make_folder(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(writable(path), error);
    require(!error, "cannot make the folder '{}': {}", path.string(), error.message());
}

}  // namespace hfc
