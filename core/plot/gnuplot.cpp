#include "plot/gnuplot.h"

#include "base/error.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

extern char** environ;  // POSIX requires programs to declare it

namespace hfc::plot {
namespace {

// A file in memory. Unlike a pipe, it cannot cause a deadlock; unlike a temporary file, it cannot
// be left behind.
class MemoryFile {
  public:
    explicit MemoryFile(const char* name) : descriptor_(::memfd_create(name, MFD_CLOEXEC)) {
        require(descriptor_ >= 0, "cannot create an in-memory file for gnuplot: {}",
                std::strerror(errno));
    }
    ~MemoryFile() { ::close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    int get() const { return descriptor_; }

    void fill(const std::string& text) const {
        size_t done = 0;
        while (done < text.size()) {
            const ssize_t written = ::pwrite(descriptor_, text.data() + done, text.size() - done,
                                             static_cast<off_t>(done));
            require(written > 0 || errno == EINTR, "cannot pass the commands to gnuplot: {}",
                    std::strerror(errno));
            done += written > 0 ? static_cast<size_t>(written) : 0;
        }
    }

    std::string content() const {
        std::string text(static_cast<size_t>(std::max<off_t>(0, ::lseek(descriptor_, 0, SEEK_END))),
                         '\0');
        size_t done = 0;
        while (done < text.size()) {
            const ssize_t got = ::pread(descriptor_, text.data() + done, text.size() - done,
                                        static_cast<off_t>(done));
            require(got > 0 || (got < 0 && errno == EINTR), "cannot read the output of gnuplot: {}",
                    std::strerror(errno));
            done += got > 0 ? static_cast<size_t>(got) : 0;
        }
        return text;
    }

  private:
    int descriptor_;
};

// Starts gnuplot in its own process group. The first Ctrl-C only asks the script to stop, so it
// must not kill gnuplot in the middle of a drawing.
pid_t spawn(const MemoryFile& input, const MemoryFile& output, const MemoryFile& errors) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, input.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, output.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, errors.get(), STDERR_FILENO);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    std::string name = "gnuplot";
    std::string defaults = "-d";
    // Without a file name, gnuplot reads byte by byte, which takes half a minute for a million
    // pixels.
    std::string file = "/dev/stdin";
    char* arguments[] = {name.data(), defaults.data(), file.data(), nullptr};
    pid_t child = -1;
    const int result =
        ::posix_spawnp(&child, name.c_str(), &files, &attributes, arguments, environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    require(result != ENOENT,
            "gnuplot is not installed, so no figure can be drawn (Debian package "
            "gnuplot-nox: apt-get install gnuplot-nox)");
    require(result == 0, "cannot start gnuplot: {}", std::strerror(result));
    return child;
}

// gnuplot's error message on one line, without the program text that it repeats.
std::string last_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.pop_back();
    }
    const auto start = text.rfind('\n');
    text = start == std::string::npos ? text : text.substr(start + 1);
    return text.empty() ? "it printed no message" : text;
}

}  // namespace

bool has_gnuplot() {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');) {
        if (::access((folder + "/gnuplot").c_str(), X_OK) == 0) {
            return true;
        }
    }
    return false;
}

std::string run_gnuplot(const std::string& program) {
    const MemoryFile input("gnuplot program");
    const MemoryFile output("gnuplot output");
    const MemoryFile errors("gnuplot errors");
    input.fill(program);
    const pid_t child = spawn(input, output, errors);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        require(errno == EINTR, "cannot wait for gnuplot: {}", std::strerror(errno));
    }
    require(!WIFSIGNALED(status), "gnuplot was killed by signal {}", WTERMSIG(status));
    require(WEXITSTATUS(status) == 0, "gnuplot failed with status {}: {}", WEXITSTATUS(status),
            last_line(errors.content()));
    auto drawn = output.content();
    require(!drawn.empty(), "gnuplot drew nothing: {}", last_line(errors.content()));
    return drawn;
}

namespace {

std::string with_sharp_pixels(std::string svg) {
    const std::string tag = "<image ";
    const std::string style = "style='image-rendering:pixelated' ";
    for (auto found = svg.find(tag); found != std::string::npos;
         found = svg.find(tag, found + tag.size())) {
        svg.insert(found + tag.size(), style);
    }
    return svg;
}

/// Cairo writes "/CreationDate (D:20260102030405+00'00)". Digits become zeros, so that the offsets
/// in the file remain correct.
std::string without_date(std::string pdf) {
    const std::string key = "/CreationDate (D:";
    if (const auto found = pdf.rfind(key); found != std::string::npos) {
        for (auto i = found + key.size(); i < pdf.size() && pdf[i] != ')'; ++i) {
            pdf[i] = pdf[i] >= '0' && pdf[i] <= '9' ? '0' : pdf[i];
        }
    }
    return pdf;
}

}  // namespace

std::string draw(const std::string& program, Format format) {
    auto drawn = run_gnuplot(program);
    return format == Format::svg   ? with_sharp_pixels(std::move(drawn))
           : format == Format::pdf ? without_date(std::move(drawn))
                                   : drawn;
}

}  // namespace hfc::plot
