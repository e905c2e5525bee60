// The system files that a training run needs.
#pragma once

#include "sandbox/landlock.h"

namespace hfc::sandbox {

/// The system's libraries, the directories of this program and of LibTorch, descriptions of this
/// process and of the machine in /proc and /sys, /dev/null and similar devices, and NVIDIA devices.
/// No user files.
Reach system_files();

}  // namespace hfc::sandbox
