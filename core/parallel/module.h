// The face of a module for a way to talk to other processes: plain functions, found by name after
// the program has loaded it.
#pragma once

#include <cstddef>

namespace c10d {
class ProcessGroup;
}

extern "C" {

/// What hfc_parallel_begin() gives.
struct HfcParallel {
    c10d::ProcessGroup* group;  ///< the caller owns one reference
    int local_rank;             ///< among the ranks of this machine
    int local_size;             ///< how many they are
};

/// hfc_parallel_begin(): 0, or 1 with the reason in `message`. timeout: after so many seconds in
/// one collective all ranks end, with a message that names the rank that did not come.
using HfcParallelBegin = int (*)(double timeout, HfcParallel* result, char* message,
                                 size_t message_size);
/// hfc_parallel_end(): waits until all ranks have called it.
using HfcParallelEnd = void (*)();
/// hfc_parallel_abort(): ends all ranks. Does not return.
using HfcParallelAbort = void (*)(int status);

}  // extern "C"
