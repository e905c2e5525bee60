// Locks on open files between processes.
#pragma once

namespace hfc {

/// Locks an open file for this process and its copies of the descriptor (flock, exclusive). If
/// another process has the lock, tries again for one second: the lock of a process that was
/// killed lives on for a moment in a process that it was starting. Returns false, with errno set,
/// if the file is not locked.
bool lock_file(int file);

}  // namespace hfc
