// The program's malloc is mimalloc's: see host/CMakeLists.txt for what that gains.
#include <mimalloc.h>

namespace {

/// Freed memory goes back to the system after ten seconds instead of 25 ms: the tensors of a training step are those of the step before it,
/// and to be handed zeroed pages anew (20 000 page faults a step) costs 15 % of the training. MIMALLOC_DECOMMIT_DELAY overrides it.
[[gnu::constructor]] void keep_freed_memory() {
    constexpr long milliseconds = 10'000;
    mi_option_set_default(mi_option_decommit_delay, milliseconds);
}

}  // namespace
