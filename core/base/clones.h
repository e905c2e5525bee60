// Functions that are compiled twice, once for any processor that the project supports and once for
// newer ones. The loader chooses the version.
#pragma once

/// Write HFC_CLONES("avx2") before a function's definition. ThreadSanitizer cannot run the code
/// that chooses the version.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define HFC_CLONES(newer) __attribute__((target_clones(newer, "default")))
#else
#define HFC_CLONES(newer)
#endif
