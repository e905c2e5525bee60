#include "attempts.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace hfc::test {
namespace {

using List = std::vector<Attempt>;

void add_open(List& list, const std::string& path, int flags = O_RDONLY) {
    list.push_back({"open " + path + " " + std::to_string(flags),
                    [=] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); }});
}

void add_reading(List& list, const std::filesystem::path& folder, pid_t neighbour) {
    add_open(list, folder / "outside/file");
    add_open(list, folder / "run/../outside/file");
    add_open(list, "/proc/self/root" + folder.string() + "/outside/file");
    add_open(list, folder / "outside", O_RDONLY | O_DIRECTORY);
    const char* home = std::getenv("HOME");
    add_open(list, home != nullptr ? home : "/root", O_RDONLY | O_DIRECTORY);
    for (const char* path : {"/", "/etc", "/home", "/tmp", "/proc", "/dev/shm"}) {
        add_open(list, path, O_RDONLY | O_DIRECTORY);
    }
    for (const char* path : {"/etc/passwd", "/etc/shadow", "/proc/1/environ", "/proc/1/status",
                             "/dev/tty", "/dev/ptmx", "/proc/kallsyms"}) {
        add_open(list, path);
    }
    for (const char* file : {"mem", "environ", "maps", "cmdline", "fd"}) {
        add_open(list, "/proc/" + std::to_string(neighbour) + "/" + file);
    }
}

void add_writing(List& list, const std::filesystem::path& folder) {
    const std::string file = folder / "outside/file";
    const std::string readable = folder / "readable/file";
    const std::string other = folder / "outside/other";
    const std::string run = folder / "run/other";
    for (const auto& path : {file, readable, std::string("/dev/zero")}) {
        add_open(list, path, O_WRONLY);
        add_open(list, path, O_RDWR);
    }
    for (const auto& path : {file, readable}) {
        add_open(list, path, O_RDONLY | O_TRUNC);
        add_open(list, path, O_ACCMODE | O_TRUNC);
        list.push_back({"truncate", [=] { return ::truncate(path.c_str(), 1); }});
        list.push_back({"unlink", [=] { return ::unlink(path.c_str()); }});
        list.push_back({"rename", [=] { return ::rename(path.c_str(), other.c_str()); }});
        list.push_back({"link", [=] { return ::link(path.c_str(), run.c_str()); }});
        list.push_back({"chmod", [=] { return ::chmod(path.c_str(), 0777); }});
        list.push_back({"chown", [=] { return ::chown(path.c_str(), 0, 0); }});
        list.push_back({"utime", [=] { return ::utime(path.c_str(), nullptr); }});
        list.push_back({"setxattr", [=] { return ::setxattr(path.c_str(), "user.x", "1", 1, 0); }});
    }
    add_open(list, other, O_WRONLY | O_CREAT);
    add_open(list, "/dev/shm/hfc-sandbox-test", O_WRONLY | O_CREAT);
    add_open(list, "/tmp", O_RDWR | O_TMPFILE);
    list.push_back(
        {"rename into the run directory", [=] { return ::rename(file.c_str(), run.c_str()); }});
    list.push_back({"symlink", [=] { return ::symlink("/etc/passwd", run.c_str()); }});
    list.push_back({"mkdir", [=] { return ::mkdir(other.c_str(), 0777); }});
    list.push_back({"rmdir", [=] { return ::rmdir((folder / "outside").c_str()); }});
    list.push_back({"mknod", [=] { return ::mknod(run.c_str(), S_IFCHR | 0600, 0x101); }});
    list.push_back({"mkfifo", [=] { return ::mkfifo(run.c_str(), 0600); }});
    list.push_back({"FS_IOC_SETFLAGS", [=] {
                        const int opened = ::open(readable.c_str(), O_RDONLY | O_CLOEXEC);
                        int flags = FS_NODUMP_FL;
                        return ::ioctl(opened, FS_IOC_SETFLAGS, &flags);
                    }});
    list.push_back({"inotify_init", [] { return ::inotify_init1(0); }});
}

void add_network(List& list) {
    for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}) {
        list.push_back(
            {"socket " + std::to_string(family), [=] { return ::socket(family, SOCK_STREAM, 0); }});
    }
    list.push_back({"socketpair", [] {
                        int both[2];
                        return ::socketpair(AF_UNIX, SOCK_STREAM, 0, both);
                    }});
    list.push_back({"connect", [] {
                        const sockaddr_in address = {AF_INET, htons(80), {}, {}};
                        return ::connect(0, reinterpret_cast<const sockaddr*>(&address),
                                         sizeof address);
                    }});
    list.push_back({"sendmsg", [] {
                        const msghdr message = {};
                        return ::sendmsg(0, &message, 0);
                    }});
    list.push_back({"shm_open", [] { return ::shm_open("/hfc-sandbox", O_CREAT | O_RDWR, 0600); }});
    list.push_back({"shmget", [] { return ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600); }});
    list.push_back(
        {"mq_open", [] { return ::mq_open("/hfc-sandbox", O_CREAT | O_RDWR, 0600, nullptr); }});
}

long become(const char* program) {
    const char* arguments[] = {program, nullptr};
    return ::execve(program, const_cast<char**>(arguments), nullptr);
}

long fork_and_exec() {
    const pid_t process = ::fork();
    if (process == 0) {
        become("/bin/true");
        _exit(1);
    }
    return process;
}

long spawn() {
    pid_t process = 0;
    char name[] = "/bin/true";
    char* arguments[] = {name, nullptr};
    errno = ::posix_spawn(&process, name, nullptr, nullptr, arguments, nullptr);
    return errno == 0 ? 0 : -1;
}

void add_processes(List& list, pid_t neighbour) {
    list.push_back({"execve", [] { return become("/bin/true"); }});
    list.push_back({"execveat", [] {
                        const char* arguments[] = {"true", nullptr};
                        return ::syscall(SYS_execveat, AT_FDCWD, "/bin/true", arguments, nullptr,
                                         0);
                    }});
    list.push_back({"fork and exec", fork_and_exec});
    list.push_back({"vfork", [] { return ::syscall(SYS_vfork); }});
    list.push_back({"posix_spawn", spawn});
    list.push_back({"ptrace attach", [=] { return ::ptrace(PTRACE_ATTACH, neighbour, 0, 0); }});
    list.push_back({"ptrace seize", [=] { return ::ptrace(PTRACE_SEIZE, neighbour, 0, 0); }});
    static int number = 0;
    const iovec here = {&number, sizeof number};
    list.push_back(
        {"process_vm_readv", [=] { return ::process_vm_readv(neighbour, &here, 1, &here, 1, 0); }});
    list.push_back({"process_vm_writev",
                    [=] { return ::process_vm_writev(neighbour, &here, 1, &here, 1, 0); }});
    for (const pid_t target : {neighbour, ::getpid(), 1, 0, -1}) {
        list.push_back({"kill " + std::to_string(target), [=] { return ::kill(target, 0); }});
    }
    list.push_back(
        {"tgkill", [=] { return ::syscall(SYS_tgkill, neighbour, neighbour, SIGTERM); }});
    list.push_back({"tkill", [=] { return ::syscall(SYS_tkill, neighbour, SIGTERM); }});
    list.push_back({"pidfd_open", [=] { return ::syscall(434, neighbour, 0); }});
    list.push_back({"prlimit", [=] {
                        const rlimit none = {0, 0};
                        return ::prlimit(neighbour, RLIMIT_NOFILE, &none, nullptr);
                    }});
    list.push_back({"F_SETOWN", [=] { return ::fcntl(0, F_SETOWN, neighbour); }});
    list.push_back({"PR_SET_PDEATHSIG", [] { return ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); }});
    list.push_back({"TIOCSTI", [] { return ::ioctl(0, TIOCSTI, "x"); }});
    list.push_back({"TIOCSTI, upper bits",
                    [] { return ::syscall(SYS_ioctl, 0, TIOCSTI | (1UL << 40), "x"); }});
}

void add_kernel(List& list) {
    list.push_back({"unshare", [] { return ::unshare(CLONE_NEWUSER); }});
    list.push_back(
        {"clone", [] { return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }});
    list.push_back({"setns", [] { return ::setns(0, 0); }});
    list.push_back({"mount", [] { return ::mount("x", "/mnt", "tmpfs", 0, nullptr); }});
    list.push_back({"chroot", [] { return ::chroot("/usr"); }});
    list.push_back({"io_uring_setup", [] { return ::syscall(425, 1, nullptr); }});
    list.push_back({"bpf", [] { return ::syscall(SYS_bpf, 0, nullptr, 0); }});
    list.push_back({"keyctl", [] { return ::syscall(SYS_keyctl, 0, -3, 0); }});
    list.push_back(
        {"perf_event_open", [] { return ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }});
    list.push_back({"userfaultfd", [] { return ::syscall(SYS_userfaultfd, 1); }});
    list.push_back({"open_by_handle_at",
                    [] { return ::syscall(SYS_open_by_handle_at, AT_FDCWD, nullptr, 0); }});
    list.push_back({"setuid", [] { return ::syscall(SYS_setuid, 0); }});
    list.push_back({"personality", [] { return ::syscall(SYS_personality, 0x40000); }});
}

}  // namespace

std::vector<Attempt> attempts(const std::filesystem::path& folder, pid_t neighbour) {
    List list;
    add_reading(list, folder, neighbour);
    add_writing(list, folder);
    add_network(list);
    add_processes(list, neighbour);
    add_kernel(list);
    return list;
}

void report_attempts(const char* thread, const std::vector<Attempt>& attempts, int descriptor) {
    for (const auto& attempt : attempts) {
        errno = 0;
        const long result = attempt.act();
        ::dprintf(descriptor, "%s: %s %d\n", thread, attempt.name.c_str(),
                  result == -1 ? errno : 0);
    }
}

}  // namespace hfc::test
