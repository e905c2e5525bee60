// Restricts the files that a process can reach; the kernel enforces this (Landlock).
#pragma once

#include <filesystem>
#include <vector>

namespace hfc::sandbox {

/// The paths that remain accessible. A directory includes everything below it. Paths that do not
/// exist are skipped.
struct Reach {
    std::vector<std::filesystem::path> readable;
    std::vector<std::filesystem::path> writable;  ///< these are readable, too, and must exist
    std::vector<std::filesystem::path> devices;   ///< readable and writable, and accept ioctl
};

/// The kernel's version of the Landlock interface; 0 if the kernel does not support Landlock,
/// or if Landlock is switched off.
int landlock_version();

/// Restricts the calling thread, and the threads that it starts later, to `reach`. They cannot
/// execute a file, use TCP (from version 4) or signal other processes (from version 6). Uses only
/// the features of `version`. Throws Error if the kernel refuses.
void restrict_files(const Reach& reach, int version);

}  // namespace hfc::sandbox
