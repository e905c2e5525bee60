// Makes mimalloc the program's malloc. host/CMakeLists.txt lists the gains in speed.
#include "base/machine.h"

#include <mimalloc.h>

#include <sys/sysinfo.h>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

/// Returns freed memory to the system after ten seconds instead of 25 ms. A training step needs the
/// same memory as the step before it. Getting zeroed pages from the system again (20 000 page
/// faults per step) would take 15 % of the training time. MIMALLOC_DECOMMIT_DELAY overrides the
/// delay.
[[gnu::constructor]] void keep_freed_memory() {
    constexpr long milliseconds = 10'000;
    mi_option_set_default(mi_option_decommit_delay, milliseconds);
}

/// Reserves memory for blocks of more than 16 MB, which mimalloc would otherwise return to the
/// system immediately. A ResNet-50 at 224 pixels with batches of 8 images uses many such blocks:
/// reserving memory reduced the number of page faults from 2.6 million to 0.5 million and made an
/// input gradient a fifth faster. The size is a quarter of the memory that the process may use, or
/// HFC_KEPT_MEMORY in MB. The reserved pages take up no physical memory until they are first used.
/// If the system refuses to reserve it, large blocks are not kept.
[[gnu::constructor]] void reserve_memory_for_large_tensors() {
    constexpr uint64_t share = 4;
    const char* given = std::getenv("HFC_KEPT_MEMORY");
    const uint64_t bytes =
        given != nullptr ? std::strtoull(given, nullptr, 10) << 20 : hfc::memory_limit() / share;
    if (bytes > 0) {
        mi_reserve_os_memory(bytes, /*commit=*/true, /*allow_large=*/false);
    }
}

/// Whether the size exceeds the memory of the machine, including swap. The kernel would refuse such
/// a request, but mimalloc uses MAP_NORESERVE: the kernel then grants the memory and kills the
/// process that fills it.
bool more_than_there_is(std::size_t size) {
    static const std::size_t there_is = [] {
        struct sysinfo machine = {};
        return sysinfo(&machine) == 0 ? (machine.totalram + machine.totalswap) * machine.mem_unit
                                      : SIZE_MAX;
    }();
    return size > there_is;
}

/// Calls the handler of operator new once; the handler collects Lua's garbage. Returns false if
/// there is no handler or if it cannot free memory.
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
    // A garbage collection may destroy any object. So it is not run for small objects, which are
    // allocated everywhere, even under locks.
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

// Allocates tensors on the CPU.
extern "C" int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
    if (more_than_there_is(size)) {
        return ENOMEM;
    }
    const int error = mi_posix_memalign(memory, alignment, size);
    return error == ENOMEM && make_room() ? mi_posix_memalign(memory, alignment, size) : error;
}

// mimalloc's own `new` is C code and ends the process if there is no memory. mimalloc's `delete`
// also works for the operators below.
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
