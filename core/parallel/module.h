// The interface of a module through which processes communicate: plain functions, which the program
// finds by name after it has loaded the module.
#pragma once

#include <cstddef>

namespace c10d {
class ProcessGroup;
}

extern "C" {

/// The result of hfc_parallel_begin().
struct HfcParallel {
    c10d::ProcessGroup* group;  ///< the caller owns one reference
    int local_rank;             ///< the rank among those on this machine
    int local_size;             ///< the number of ranks on this machine
};

/// hfc_parallel_begin(): returns 0, or 1 with the reason in `message`. timeout: after this many
/// seconds in one collective, all ranks end with a message that names the rank that did not take
/// part.
using HfcParallelBegin = int (*)(double timeout, HfcParallel* result, char* message,
                                 size_t message_size);
/// hfc_parallel_end(): waits until all ranks have called it.
using HfcParallelEnd = void (*)();
/// hfc_parallel_abort(): ends all ranks. Does not return.
using HfcParallelAbort = void (*)(int status);

}  // extern "C"
