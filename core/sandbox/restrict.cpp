#include "sandbox/restrict.h"

#include "base/error.h"
#include "sandbox/environment.h"
#include "sandbox/system_calls.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

namespace hfc::sandbox {
namespace {

bool restricted = false;

void require_one_thread() {
    const std::filesystem::directory_iterator threads("/proc/self/task");
    const auto count = std::distance(begin(threads), end(threads));
    require(count == 1,
            "the sandbox cannot be set up: the process already has {} threads, and the kernel "
            "would restrict only one of them",
            count);
}

/// If the user is root (for example in a container), keeps only the right to open other users'
/// files, within what Landlock allows.
void drop_privileges() {
    require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
            "the sandbox cannot be set up: no_new_privs: {}", std::strerror(errno));
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[2] = {};
    bool done = ::syscall(SYS_capget, &header, sets) == 0;
    const uint32_t kept = 1U << CAP_DAC_OVERRIDE;
    sets[0] = {sets[0].effective & kept, sets[0].permitted & kept, 0};
    sets[1] = {};
    done = done && ::syscall(SYS_capset, &header, sets) == 0;
    require(done, "the sandbox cannot be set up: capabilities: {}", std::strerror(errno));
}

/// Landlock's rule for /proc/self applies to the kernel's current object for that directory. The
/// open descriptor keeps the kernel from replacing the object.
void pin_own_description() {
    static const int pinned = ::open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    require(pinned >= 0, "the sandbox cannot be set up: '/proc/self': {}", std::strerror(errno));
}

}  // namespace

void restrict_process(const Reach& reach, int version) {
    require_one_thread();
    require(!reach.writable.empty(), "the sandbox cannot be set up: it has no writable directory");
    clean_environment(std::filesystem::absolute(reach.writable.front()));
    const rlimit no_core = {0, 0};  // it would be written to the working directory
    ::setrlimit(RLIMIT_CORE, &no_core);
    drop_privileges();
    pin_own_description();
    restrict_files(reach, version);
    restrict_system_calls(version);
    restricted = true;
}

}  // namespace hfc::sandbox

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
/// At exit the leak sanitizer traces the process's own threads, which fails in the sandbox.
extern "C" int __lsan_is_turned_off() {
    return hfc::sandbox::restricted ? 1 : 0;
}
#endif
