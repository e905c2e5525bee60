// NumPy's npz: a zip archive of npy files.
#include "base/error.h"
#include "tensor_file/format.h"
#include "tensor_file/zip.h"

#include <ATen/Functions.h>
#include <nlohmann/json.hpp>

namespace hfc::tensor_file {
namespace {

constexpr std::string_view npy_extension = ".npy";

/// Parses the metadata that write_npz wrote: the bytes of a JSON object of strings.
Metadata parse_metadata(const at::Tensor& bytes) {
    expect(bytes.scalar_type() == at::kByte && bytes.dim() == 1, "its {} is not an array of bytes",
           metadata_name);
    // Deeply nested values are dropped during parsing; what is left of them is not a string.
    const auto shallow = [](int depth, nlohmann::json::parse_event_t, const nlohmann::json&) {
        return depth <= 1;
    };
    const auto json = nlohmann::json::parse(bytes_of(bytes), shallow, false);
    expect(json.is_object(), "its {} is not a JSON object of strings", metadata_name);
    Metadata metadata;
    for (const auto& [key, value] : json.items()) {
        expect(value.is_string(), "its {} '{}' is not a string", metadata_name, key);
        metadata[key] = value.get<std::string>();
    }
    return metadata;
}

}  // namespace

NamedTensors read_npz(ZipReader& archive, Metadata& metadata) {
    NamedTensors tensors;
    for (const auto& member : archive.members()) {
        expect(member.name.ends_with(npy_extension),
               "it is a zip archive, but neither a PyTorch file nor an npz file (its member '{}' "
               "does not end in .npy)",
               member.name);
        const auto name = member.name.substr(0, member.name.size() - npy_extension.size());
        try {
            archive.read(member, [&](const ByteSource& source) {
                tensors.emplace_back(name, read_npy(source));
            });
        } catch (const Malformed& error) {
            malformed("array '{}': {}", name, error.what());
        }
        if (name == metadata_name) {
            metadata = parse_metadata(tensors.back().second);
            tensors.pop_back();
        }
    }
    return tensors;
}

void write_npz(OutputFile& file, const NamedTensors& tensors, const Metadata& metadata) {
    ZipWriter archive;
    const auto add = [&](const std::string& name, const at::Tensor& tensor) {
        archive.add(name + std::string(npy_extension), npy_header(name, tensor), plain(tensor));
    };
    for (const auto& [name, tensor] : tensors) {
        require(name != metadata_name,
                "a tensor named '{}' cannot be written: that name is reserved", metadata_name);
        add(name, tensor);
    }
    if (!metadata.empty()) {
        const auto text = nlohmann::json(metadata).dump();
        const auto bytes = at::empty({static_cast<int64_t>(text.size())}, at::kByte);
        std::copy(text.begin(), text.end(), bytes.mutable_data_ptr<uint8_t>());
        add(metadata_name, bytes);
    }
    // libzip does not write an archive without members. In that case numpy.savez() writes only the
    // end record.
    if (tensors.empty() && metadata.empty()) {
        file.write({"PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22});
    } else {
        archive.finish([&](std::string_view bytes) { file.write(bytes); });
    }
}

}  // namespace hfc::tensor_file
