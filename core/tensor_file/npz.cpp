// NumPy's npz: a zip archive of npy files.
#include "tensor_file/format.h"
#include "tensor_file/zip.h"

namespace hfc::tensor_file {

NamedTensors read_npz(ZipReader& archive) {
    constexpr std::string_view extension = ".npy";
    NamedTensors tensors;
    for (const auto& member : archive.members()) {
        expect(
            member.name.ends_with(extension),
            "it is a zip archive with the member '{}', neither npz (names in .npy) nor PyTorch's",
            member.name);
        const auto name = member.name.substr(0, member.name.size() - extension.size());
        try {
            archive.read(member, [&](const ByteSource& source) {
                tensors.emplace_back(name, read_npy(source));
            });
        } catch (const Malformed& error) {
            malformed("array '{}': {}", name, error.what());
        }
    }
    return tensors;
}

void write_npz(OutputFile& file, const NamedTensors& tensors) {
    ZipWriter archive;
    for (const auto& [name, tensor] : tensors) {
        archive.add(name + ".npy", npy_header(name, tensor), plain(tensor));
    }
    // An archive without members would not be written by libzip: its end record alone is what
    // numpy.savez() writes then.
    if (tensors.empty()) {
        file.write({"PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22});
    } else {
        archive.finish([&](std::string_view bytes) { file.write(bytes); });
    }
}

}  // namespace hfc::tensor_file
