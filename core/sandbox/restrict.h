// The restrictions that the kernel enforces on a sandboxed process.
#pragma once

#include "sandbox/landlock.h"

namespace hfc::sandbox {

/// Permanently removes the process's privileges and its access to all files outside `reach`, to the
/// network, and to other programs and processes. TMPDIR becomes the first writable directory.
/// `version` is the version of Landlock to use, at most landlock_version(). The kernel restricts
/// only the calling thread and the threads that it starts later. Throws Error if the process
/// already has another thread, or if the kernel refuses.
void restrict_process(const Reach& reach, int version);

}  // namespace hfc::sandbox
