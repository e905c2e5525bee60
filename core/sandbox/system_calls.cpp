#include "sandbox/system_calls.h"

#include "base/error.h"

#include <asm/sockios.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace hfc::sandbox {
namespace {

// This is a deny list. An allow list would have to contain every call that the C library, LibTorch
// and the GPU driver make. They change independently of this program, and a forgotten call would
// fail in the middle of a run. To make the deny list complete, all calls up to number 450 were
// considered one by one, and later calls fail as unknown.
constexpr const char* refused[] = {
    // other programs and processes
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
    "process_madvise", "process_mrelease", "kcmp", "pidfd_open", "pidfd_getfd", "pidfd_send_signal",
    "tkill", "setpgid", "setsid", "setpriority", "ioprio_set", "sched_setscheduler",
    "sched_setparam", "sched_setattr",
    // the network, and passing descriptors to other processes
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg",
    "sendmmsg", "recvmsg", "recvmmsg",
    // memory and messages shared with other processes by name
    "shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd",
    "msgrcv", "msgctl", "mq_open", "mq_unlink", "mq_notify", "mq_timedsend", "mq_timedreceive",
    "mq_getsetattr",
    // not covered by Landlock: changing a file's owner, mode, times or attributes, watching files,
    // opening files without a path; and links and special files, which nothing here needs
    "chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat", "utime", "utimes",
    "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr",
    "fremovexattr", "inotify_init", "inotify_init1", "inotify_add_watch", "fanotify_init",
    "fanotify_mark", "name_to_handle_at", "open_by_handle_at", "link", "linkat", "symlink",
    "symlinkat", "mknod", "mknodat",
    // users, namespaces, file systems
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid",
    "setfsgid", "capset", "unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot",
    "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
    "quotactl", "quotactl_fd", "swapon", "swapoff",
    // large kernel interfaces, in which exploitable faults have been found
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "io_setup", "io_submit", "keyctl", "add_key", "request_key", "seccomp",
    "memfd_secret", "vmsplice", "modify_ldt", "personality", "lookup_dcookie", "uselib",
    // the machine
    "reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
    "create_module", "query_module", "get_kernel_syms", "acct", "sethostname", "setdomainname",
    "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "iopl", "ioperm", "vhangup",
    "syslog", "nfsservctl", "_sysctl"};

constexpr unsigned long low_half = 0xffffffff;  // the kernel looks at no more of an int

void require_done(int result, const char* what) {
    require(result == 0, "the sandbox cannot be set up: seccomp, {}: {}", what,
            std::strerror(-result));
}

class Filter {
  public:
    Filter() : context_(::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release) {
        require(context_ != nullptr, "the sandbox cannot be set up: libseccomp is out of memory");
        // The call numbers below are wrong for 32-bit calls, so all 32-bit calls fail.
        set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
        set(SCMP_FLTATR_CTL_OPTIMIZE,
            2);  // a tree: ten comparisons per call instead of seven hundred
    }

    void refuse(int call, int error = EPERM) {
        require_done(::seccomp_rule_add(context_.get(), SCMP_ACT_ERRNO(error), call, 0),
                     "adding a rule");
    }

    /// Skips calls that this libseccomp or this architecture does not have.
    void refuse(const char* name, int error = EPERM) {
        const int call = ::seccomp_syscall_resolve_name(name);
        if (call >= 0) {
            refuse(call, error);
        }
    }

    /// Refuses the call if the comparison `argument` holds.
    void refuse_where(const char* name, const scmp_arg_cmp& argument) {
        const int call = ::seccomp_syscall_resolve_name(name);
        if (call >= 0) {
            require_done(
                ::seccomp_rule_add_array(context_.get(), SCMP_ACT_ERRNO(EPERM), call, 1, &argument),
                name);
        }
    }

    void load() { require_done(::seccomp_load(context_.get()), "loading the filter"); }

  private:
    void set(scmp_filter_attr attribute, uint32_t value) {
        require_done(::seccomp_attr_set(context_.get(), attribute, value), "setting an attribute");
    }

    std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
};

scmp_arg_cmp has_bits(unsigned position, unsigned long mask, unsigned long bits) {
    return {position, SCMP_CMP_MASKED_EQ, mask, bits};
}

scmp_arg_cmp is(unsigned position, unsigned long value) {
    return has_bits(position, low_half, value & low_half);
}

scmp_arg_cmp is_not(unsigned position, unsigned long value) {
    return {position, SCMP_CMP_NE, value, 0};
}

/// The process may start threads but no processes, which would escape the time and memory limits.
void allow_threads_alone(Filter& filter) {
    filter.refuse_where("clone", has_bits(0, CLONE_THREAD, 0));
    for (const unsigned long space : {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                      CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET}) {
        filter.refuse_where("clone", has_bits(0, space, space));
    }
    // The flags of clone3 are in memory, where a filter cannot see them. After ENOSYS, the C
    // library uses clone.
    filter.refuse("clone3", ENOSYS);
}

void allow_own_process_alone(Filter& filter) {
    const auto self = static_cast<unsigned long>(::getpid());
    for (const char* name : {"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"}) {
        filter.refuse_where(name, is_not(0, self));
    }
    for (const char* name : {"prlimit64", "move_pages", "migrate_pages"}) {
        filter.refuse_where(name, is_not(0, 0));
    }
    // The owner of a descriptor receives signals, and another process could be made the owner.
    for (const unsigned long command : {F_SETOWN, F_SETOWN_EX, F_SETSIG, F_NOTIFY, F_SETLEASE}) {
        filter.refuse_where("fcntl", is(1, command));
    }
    // Otherwise the process could outlive the one that enforces its limits.
    filter.refuse_where("prctl", is(0, PR_SET_PDEATHSIG));
}

/// Some ioctl requests work on descriptors that are already open: on a terminal they can type a
/// command for the shell to run later, and on a file opened for reading they can change its flags.
void refuse_requests(Filter& filter) {
    constexpr unsigned long set_encryption_policy = 0x800c6613;
    constexpr unsigned long enable_verity = 0x40806685;
    for (const unsigned long request :
         {static_cast<unsigned long>(TIOCSTI), static_cast<unsigned long>(TIOCLINUX),
          static_cast<unsigned long>(FIOSETOWN), static_cast<unsigned long>(SIOCSPGRP),
          static_cast<unsigned long>(FS_IOC_SETFLAGS),
          static_cast<unsigned long>(FS_IOC32_SETFLAGS),
          static_cast<unsigned long>(FS_IOC_FSSETXATTR),
          static_cast<unsigned long>(FS_IOC_SETVERSION), set_encryption_policy, enable_verity}) {
        filter.refuse_where("ioctl", is(1, request));
    }
}

/// Landlock itself restricts truncation only from version 3 on. All versions check files opened for
/// writing.
void refuse_truncation(Filter& filter) {
    filter.refuse("truncate");
    filter.refuse("truncate64");
    filter.refuse("openat2", ENOSYS);
    for (const unsigned long mode : {O_RDONLY, O_ACCMODE}) {
        const unsigned long bits = O_TRUNC | mode;
        filter.refuse_where("open", has_bits(1, O_TRUNC | O_ACCMODE, bits));
        filter.refuse_where("openat", has_bits(2, O_TRUNC | O_ACCMODE, bits));
    }
}

void refuse_newer_calls(Filter& filter) {
    constexpr int first = 451;
    constexpr int end = 1024;
    for (int call = first; call < end; ++call) {
        const bool shadow_stack = call == 453;
        const bool futex = call >= 454 && call <= 456;
        const bool seal_mapping = call == 462;
        if (!shadow_stack && !futex && !seal_mapping) {
            filter.refuse(call, ENOSYS);
        }
    }
}

}  // namespace

void restrict_system_calls(int landlock_version) {
    Filter filter;
    for (const char* name : refused) {
        filter.refuse(name);
    }
    allow_threads_alone(filter);
    allow_own_process_alone(filter);
    refuse_requests(filter);
    if (landlock_version < 3) {
        refuse_truncation(filter);
    }
    refuse_newer_calls(filter);
    filter.load();
}

}  // namespace hfc::sandbox
