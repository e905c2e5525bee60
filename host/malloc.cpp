// The program's malloc is mimalloc's: see host/CMakeLists.txt for what that gains.
#include "base/machine.h"

#include <mimalloc.h>

#include <sys/sysinfo.h>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

/// Freed memory goes back to the system after ten seconds instead of 25 ms: the tensors of a
/// training step are those of the step before it, and to be handed zeroed pages anew (20 000 page
/// faults a step) costs 15 % of the training. MIMALLOC_DECOMMIT_DELAY overrides it.
[[gnu::constructor]] void keep_freed_memory() {
    constexpr long milliseconds = 10'000;
    mi_option_set_default(mi_option_decommit_delay, milliseconds);
}

/// Blocks of more than 16 MB go back to the system at once, unless they come from reserved memory,
/// which the process keeps. A ResNet-50 at 224 pixels, batch 8, has many of them: 2.6 million page
/// faults fell to .5 million, and an input gradient became a fifth faster. At most a quarter of the
/// memory that the process may use is reserved, or HFC_KEPT_MEMORY in MB. No page of it is used
/// before it is needed. If the system refuses it, nothing is kept.
[[gnu::constructor]] void reserve_memory_for_large_tensors() {
    constexpr uint64_t share = 4;
    const char* given = std::getenv("HFC_KEPT_MEMORY");
    const uint64_t bytes =
        given != nullptr ? std::strtoull(given, nullptr, 10) << 20 : hfc::memory_limit() / share;
    if (bytes > 0) {
        mi_reserve_os_memory(bytes, /*commit=*/true, /*allow_large=*/false);
    }
}

/// More than the machine has, swap included: the kernel would refuse it, but mimalloc asks with
/// MAP_NORESERVE, which has it granted and the process killed when it is filled.
bool more_than_there_is(std::size_t size) {
    static const std::size_t there_is = [] {
        struct sysinfo machine = {};
        return sysinfo(&machine) == 0 ? (machine.totalram + machine.totalswap) * machine.mem_unit
                                      : SIZE_MAX;
    }();
    return size > there_is;
}

/// Asks the handler of operator new for memory once. It collects Lua's garbage. False where it has
/// none to give.
bool make_room() noexcept {
    const auto handler = std::get_new_handler();
    if (handler == nullptr) {
        return false;
    }
    try {
        handler();
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

template <typename Allocate>
void* or_throw(std::size_t size, Allocate&& allocate) {
    // A collection may destroy anything: not for small objects, which are made everywhere, under
    // locks too.
    constexpr std::size_t large = 1 << 20;
    void* memory = more_than_there_is(size) ? nullptr : allocate();
    if (memory == nullptr && size >= large && !more_than_there_is(size) && make_room()) {
        memory = allocate();
    }
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

}  // namespace

// Tensors on the CPU.
extern "C" int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
    if (more_than_there_is(size)) {
        return ENOMEM;
    }
    const int error = mi_posix_memalign(memory, alignment, size);
    return error == ENOMEM && make_room() ? mi_posix_memalign(memory, alignment, size) : error;
}

// mimalloc's own `new`, being C, ends the process when there is no memory. Its `delete` serves
// these.
void* operator new(std::size_t size) {
    return or_throw(size, [&] { return mi_malloc(size); });
}

void* operator new[](std::size_t size) {
    return or_throw(size, [&] { return mi_malloc(size); });
}

void* operator new(std::size_t size, std::align_val_t alignment) {
    return or_throw(size,
                    [&] { return mi_malloc_aligned(size, static_cast<std::size_t>(alignment)); });
}

void* operator new[](std::size_t size, std::align_val_t alignment) {
    return or_throw(size,
                    [&] { return mi_malloc_aligned(size, static_cast<std::size_t>(alignment)); });
}
