// Functions that are compiled twice, for any processor of the project and for a newer one. The
// loader picks one.
#pragma once

/// HFC_CLONES("avx2") before a function's definition. ThreadSanitizer cannot run the code that
/// picks one.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define HFC_CLONES(newer) __attribute__((target_clones(newer, "default")))
#else
#define HFC_CLONES(newer)
#endif
