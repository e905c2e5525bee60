// The system calls that fail in a sandboxed process (seccomp).
#pragma once

namespace hfc::sandbox {

/// In the calling thread and the threads that it starts later, blocks system calls that reach
/// outside the process: sockets, other programs and processes, namespaces, changes of a file's
/// owner or mode, and large kernel interfaces such as BPF. These calls fail with EPERM. Calls that
/// are newer than this file fail with ENOSYS, as on an older kernel. If `landlock_version` is below
/// 3, truncating a file by its name also fails. Requires no_new_privs. Throws Error if the kernel
/// refuses.
void restrict_system_calls(int landlock_version);

}  // namespace hfc::sandbox
