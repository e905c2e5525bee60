// Locks on open files between processes.
#pragma once

namespace hfc {

/// Locks an open file for this process and its copies of the descriptor (flock, exclusive). If
/// another process holds the lock, keeps trying for one second, because the lock of a killed
/// process survives briefly in a child process that it was starting. Returns false, with errno set,
/// if the file is not locked.
bool lock_file(int file);

}  // namespace hfc
