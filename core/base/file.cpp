#include "base/file.h"

#include "base/error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hfc {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return number_; }
    bool open() const { return number_ >= 0; }
    bool close() {
        const int result = ::close(number_);
        number_ = -1;
        return result == 0;
    }

  private:
    int number_;
};

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

std::string read_file(const std::filesystem::path& path, uint64_t limit) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    require(file.open(), "cannot read '{}': {}", path.string(), std::strerror(errno));
    struct stat status = {};
    require(::fstat(file.get(), &status) == 0, "cannot read '{}': {}", path.string(), std::strerror(errno));
    require(S_ISREG(status.st_mode), "cannot read '{}': not a regular file", path.string());
    const auto size = static_cast<uint64_t>(status.st_size);
    require(size <= limit, "cannot read '{}': it has {} bytes, expected at most {}", path.string(), size, limit);
    std::string bytes(size, '\0');
    size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        require(got >= 0, "cannot read '{}': {}", path.string(), std::strerror(errno));
        require(got > 0, "cannot read '{}': it ended after {} of {} bytes", path.string(), done, size);
        done += static_cast<size_t>(got);
    }
    return bytes;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
    const auto temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    require(file.open(), "cannot write '{}': {}", path.string(), std::strerror(errno));
    if (!write_all(file.get(), bytes) || ::fsync(file.get()) != 0 || !file.close() || ::rename(temporary.c_str(), path.c_str()) != 0) {
        const int reason = errno;
        ::unlink(temporary.c_str());
        fail("cannot write '{}': {}", path.string(), std::strerror(reason));
    }
}

void make_folder(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    require(!error, "cannot make the folder '{}': {}", path.string(), error.message());
}

}  // namespace hfc
