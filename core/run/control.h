// The control file of a run directory: a request to the current training run, as one word in
// DIR/control. Header only and without LibTorch, for use in both the viewer, which writes the file,
// and hfc.train, which reads it. A shell can also write the file: echo pause > runs/NAME/control
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace hfc::run {

enum class Request {
    go_on,  ///< the same as no file
    pause,  ///< wait between two batches until there is another word
    stop,   ///< end training after this epoch, as if it had been the last one; the script continues
};

inline constexpr std::array<std::pair<Request, const char*>, 3> request_words = {
    {{Request::go_on, "go"}, {Request::pause, "pause"}, {Request::stop, "stop"}}};

inline std::filesystem::path control_file(const std::filesystem::path& run) {
    return run / "control";
}

/// Returns the request in the file; go_on if there is no file, or if its word is unknown.
inline Request read_request(const std::filesystem::path& run) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(control_file(run), error)) {
        return Request::go_on;  // because reading from a pipe would block
    }
    std::string word;
    word.resize(8);
    std::ifstream file(control_file(run));
    file.read(word.data(), static_cast<std::streamsize>(word.size()));
    word.resize(static_cast<size_t>(file.gcount()));
    word = word.substr(0, word.find_first_of(" \r\n"));
    for (const auto& [request, known] : request_words) {
        if (word == known) {
            return request;
        }
    }
    return Request::go_on;
}

/// Replaces the file atomically, or removes it for go_on. Returns false if the run directory cannot
/// be written.
inline bool write_request(const std::filesystem::path& run, Request request) {
    std::error_code error;
    if (request == Request::go_on) {
        std::filesystem::remove(control_file(run), error);
        return !error;
    }
    // Always create a new file: an existing file or link with this name is not ours.
    const auto temporary = run / "control.new";
    std::filesystem::remove(temporary, error);
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        return false;
    }
    const auto line = request_words[static_cast<size_t>(request)].second + std::string("\n");
    const bool whole = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    if (::close(file) != 0 || !whole) {
        return false;
    }
    std::filesystem::rename(temporary, control_file(run), error);
    return !error;
}

}  // namespace hfc::run
