#include "data/pixel_memory.h"

#include "base/error.h"
#include "base/file.h"

#include <c10/util/accumulate.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

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
        // A hole in the file that finds no room later would end the process.
        reason = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
    }
    void* memory = reason == 0
                       ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0)
                       : MAP_FAILED;
    require(memory != MAP_FAILED,
            "hfc.data: {:.1f} GB of images do not fit into memory, nor into a file in '{}': {}; "
            "TMPDIR names another",
            static_cast<double>(bytes) / 1e9, folder, std::strerror(reason != 0 ? reason : errno));
    return at::from_blob(
        memory, sizes, [bytes](void* begin) { ::munmap(begin, bytes); }, at::kByte);
}

}  // namespace

uint64_t default_pixel_memory() {
    if (const char* chosen = std::getenv("HFC_PIXEL_MEMORY");
        chosen != nullptr && *chosen != '\0') {
        return std::strtoull(chosen, nullptr, 10) * 1'000'000;
    }
    return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
           static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) / 2;
}

at::Tensor make_pixels(at::IntArrayRef sizes, uint64_t most_in_memory) {
    const auto bytes = static_cast<uint64_t>(c10::multiply_integers(sizes));
    return bytes <= most_in_memory || bytes == 0 ? at::empty(sizes, at::kByte)
                                                 : map_file(sizes, bytes);
}

}  // namespace hfc::data
