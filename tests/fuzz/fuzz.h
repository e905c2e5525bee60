// What the fuzz programs share: files made of the input, and the one error that a reader may throw.
#pragma once

#include "base/error.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace hfc::fuzz {

/// A folder in memory for this process, removed at its end.
class Folder {
  public:
    Folder() {
        std::string pattern = (std::filesystem::is_directory("/dev/shm")
                                   ? "/dev/shm"
                                   : std::filesystem::temp_directory_path().string()) +
                              "/hfc-fuzz-XXXXXX";
        path_ = ::mkdtemp(pattern.data()) != nullptr
                    ? pattern
                    : throw std::runtime_error("cannot make a folder");
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::filesystem::path& path() const { return path_; }

    std::filesystem::path write(const std::string& name, std::string_view bytes) const {
        const auto path = path_ / name;
        const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        const auto written = ::write(file, bytes.data(), bytes.size());
        ::close(file);
        return written == static_cast<ssize_t>(bytes.size())
                   ? path
                   : throw std::runtime_error("cannot write " + path.string());
    }

  private:
    std::filesystem::path path_;
};

inline const Folder& folder() {
    static const Folder made;
    return made;
}

inline std::string_view text(const uint8_t* data, size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// The first byte says which way the rest is used.
inline uint8_t take_byte(std::string_view& input) {
    const auto byte = input.empty() ? uint8_t{0} : static_cast<uint8_t>(input.front());
    input.remove_prefix(input.empty() ? 0 : 1);
    return byte;
}

/// Error is how a reader refuses; anything else that is thrown ends the program, and so is found.
template <typename Work>
void refused_at_worst(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        if (error.what() == std::string_view()) {
            std::abort();
        }
    }
}

}  // namespace hfc::fuzz
