// What stands in an archive, whose checksums are right: the npy of an npz, or the pickle of a .pth
// beside two storages.
#include "fuzz.h"
#include "tensor_file/format.h"
#include "tensor_file/zip.h"

#include <ATen/Functions.h>

namespace {

std::string archive_of(std::string_view input, bool pytorch) {
    hfc::tensor_file::ZipWriter archive;
    const auto add = [&](const char* name, std::string content) {
        archive.add(name, std::move(content), at::empty({0}));
    };
    if (pytorch) {
        add("x/data.pkl", std::string(input));
        add("x/byteorder", "little");
        add("x/data/0", std::string(48, '\1'));
        add("x/data/1", std::string(4096, '\2'));
    } else {
        add("a.npy", std::string(input));
    }
    std::string bytes;
    archive.finish([&](std::string_view piece) { bytes += piece; });
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto input = hfc::fuzz::text(data, size);
    const bool pytorch = hfc::fuzz::take_byte(input) % 2 != 0;
    const auto path = hfc::fuzz::folder().write("archive", archive_of(input, pytorch));
    hfc::fuzz::refused_at_worst([&] {
        for (const auto& [name, tensor] : hfc::tensor_file::load(path)) {
            if (tensor.numel() < 100'000) {
                tensor.clone();
            }
        }
    });
    return 0;
}
