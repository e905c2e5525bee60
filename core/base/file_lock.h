// Locks that keep several processes from using a file at the same time.
#pragma once

namespace hfc {

/// Takes an exclusive lock (flock) on an open file; all copies of the descriptor share the lock. If
/// another process holds the lock, keeps trying for one second, because the lock of a killed
/// process survives briefly in a child process that it was starting. Returns false, with errno set,
/// if the file could not be locked.
bool lock_file(int file);

}  // namespace hfc
