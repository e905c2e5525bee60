// A tensor file as it is: safetensors, npy, or an archive (npz, .pth) whose checksums must then be
// right too.
#include "fuzz.h"
#include "tensor_file/tensor_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto path = hfc::fuzz::folder().write("tensors", hfc::fuzz::text(data, size));
    hfc::fuzz::refused_at_worst([&] {
        hfc::tensor_file::Metadata metadata;
        for (const auto& [name, tensor] : hfc::tensor_file::load(path, &metadata)) {
            if (tensor.numel() < 100'000) {  // a view may repeat its storage very often
                tensor.clone();
            }
        }
    });
    return 0;
}
