// bin/hfc-host: becomes lib/hfc-host/hfc-evidence for the commands that only read or start runs and
// so do not need LibTorch. For all other commands, it becomes lib/hfc-host/hfc-host, which loads
// LibTorch. Before that, it sets an environment variable of the OpenMP runtime.
//
// OpenMP threads spin while they wait. With libgomp's default, they spin so long that training
// falls to a tenth of its speed as soon as other processes use the cores. A spin count of 30 000
// preserves the speed on an idle machine and releases the core on a busy one. libgomp reads the
// variable before main().
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

const char* program_for(const char* word) {
    constexpr const char* evidence[] = {"sweep", "compare", "report", "export"};
    for (const char* const command : evidence) {
        if (word != nullptr && std::strcmp(word, command) == 0) {
            return HFC_EVIDENCE;
        }
    }
    return HFC_PROGRAM;
}

}  // namespace

int main(int count, char** arguments) {
    if (std::getenv("OMP_WAIT_POLICY") == nullptr) {
        ::setenv("GOMP_SPINCOUNT", "30000", /*overwrite=*/0);
    }
    char path[PATH_MAX + sizeof HFC_EVIDENCE] = {};
    static_assert(sizeof HFC_EVIDENCE >= sizeof HFC_PROGRAM);
    const ssize_t length = ::readlink("/proc/self/exe", path, PATH_MAX);
    char* const name = length > 0 ? std::strrchr(path, '/') : nullptr;
    if (name != nullptr) {
        std::strcpy(
            name + 1,
            program_for(count > 1 ? arguments[1] : nullptr));  // relative to this program's path
        ::execv(path, arguments);
    }
    std::fprintf(stderr, "hfc-host: cannot start '%s': %s\n", path, std::strerror(errno));
    return 127;
}
