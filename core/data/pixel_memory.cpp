#include "data/pixel_memory.h"

#include "base/error.h"
#include "base/file.h"
#include "base/machine.h"

#include <ATen/ATen.h>
#include <c10/util/accumulate.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace hfc::data {
namespace {

std::string folder_of_files() {
    const char* chosen = std::getenv("TMPDIR");
    return chosen != nullptr && *chosen != '\0' ? chosen
                                                : "/var/tmp";  // /tmp is in memory on some machines
}

at::Tensor map_file(at::IntArrayRef sizes, uint64_t bytes) {
    const auto folder = folder_of_files();
    auto name = folder + "/hfc-pixels-XXXXXX";
    const Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
    int reason = file.open() ? 0 : errno;
    if (reason == 0) {
        ::unlink(name.c_str());
        // Allocates the space now: writing to a hole in the file when the disk is full would kill
        // the process.
        reason = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
    }
    void* memory = reason == 0
                       ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0)
                       : MAP_FAILED;
    require(memory != MAP_FAILED,
            "{:.1f} GB of images fit neither in memory nor in a file in '{}': {}; set TMPDIR "
            "to a different directory",
            static_cast<double>(bytes) / 1e9, folder, std::strerror(reason != 0 ? reason : errno));
    return at::from_blob(
        memory, sizes, [bytes](void* begin) { ::munmap(begin, bytes); }, at::kByte);
}

/// The total size in bytes of the live tensors in memory: the parts of all data sets share one
/// budget.
std::atomic<uint64_t> in_memory = 0;

/// Takes the bytes out of the budget; returns false if there are too few left.
bool reserve(uint64_t bytes, uint64_t most) {
    auto taken = in_memory.load();
    while (taken <= most && bytes <= most - taken) {
        if (in_memory.compare_exchange_weak(taken, taken + bytes)) {
            return true;
        }
    }
    return false;
}

/// A tensor in reserved memory. Its bytes return to the budget when it is freed.
at::Tensor make_reserved(at::IntArrayRef sizes, uint64_t bytes) {
    const std::shared_ptr<void> reserved(nullptr, [bytes](void*) { in_memory -= bytes; });
    const auto memory = at::empty(sizes, at::kByte);
    return at::from_blob(
        memory.mutable_data_ptr(), sizes, [memory, reserved](void*) {}, at::kByte);
}

}  // namespace

uint64_t default_pixel_memory() {
    const char* const chosen = std::getenv("HFC_PIXEL_MEMORY");
    if (chosen == nullptr || *chosen == '\0') {
        return memory_limit() / 2;
    }
    constexpr uint64_t bytes_a_mb = 1'000'000;
    const std::string_view text = chosen;
    uint64_t megabytes = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), megabytes);
    require(error == std::errc() && end == text.data() + text.size() &&
                megabytes <= std::numeric_limits<uint64_t>::max() / bytes_a_mb,
            "the environment variable HFC_PIXEL_MEMORY must be an integer number of MB, got '{}'",
            text);
    return megabytes * bytes_a_mb;
}

uint64_t free_pixel_memory() {
    const auto most = default_pixel_memory();
    return most - std::min(most, in_memory.load());
}

at::Tensor make_pixels(at::IntArrayRef sizes, uint64_t most_in_memory) {
    const auto bytes = static_cast<uint64_t>(c10::multiply_integers(sizes));
    if (bytes == 0) {
        return at::empty(sizes, at::kByte);
    }
    return reserve(bytes, most_in_memory) ? make_reserved(sizes, bytes) : map_file(sizes, bytes);
}

}  // namespace hfc::data
