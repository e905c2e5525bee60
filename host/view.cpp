#include "host/view.h"

#include "base/error.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <vector>

namespace hfc::host {
// The viewer is in the launcher's directory, both in a build and in an installation.
std::string viewer_program() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto path = (program.parent_path() / HFC_BIN_FOLDER / "hfc-viewer").lexically_normal();
    require(::access(path.c_str(), X_OK) == 0,
            "cannot open a window: '{}' is missing; it is built if ImGui, GLFW and OpenGL are "
            "installed (Debian: libimgui-dev libglfw3-dev libgl-dev)",
            path.string());
    return path;
}

void become_viewer(char** arguments) {
    const auto program = viewer_program();
    ::execv(program.c_str(), arguments);
    fail("cannot start '{}': {}", program, std::strerror(errno));
}

void start_viewer(const std::string& directory) {
    try {
        auto program = viewer_program();
        std::vector<std::string> words = {program, "--detached"};
        if (directory.empty()) {
            words.insert(words.end(),
                         {"--new-runs", "runs", "--since", std::to_string(std::time(nullptr))});
        } else {
            words.push_back(std::filesystem::absolute(directory));
        }
        std::vector<char*> arguments;
        for (auto& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        // The viewer gets its own session: Ctrl-C ends the script, but the window stays open.
        posix_spawnattr_t attributes;
        posix_spawn_file_actions_t files;
        ::posix_spawnattr_init(&attributes);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
        pid_t process = 0;
        const int error = ::posix_spawn(&process, program.c_str(), &files, &attributes,
                                        arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&files);
        ::posix_spawnattr_destroy(&attributes);
        require(error == 0, "cannot open a window: cannot start '{}': {}", program,
                std::strerror(error));
    } catch (const Error& error) {
        std::fprintf(stderr, "hfc-host: option --view: %s\n", error.what());
    }
}

}  // namespace hfc::host
