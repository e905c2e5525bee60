#include "tensor_file/tensor_file.h"

#include "base/error.h"
#include "tensor_file/format.h"
#include "tensor_file/zip.h"

#include <ATen/ATen.h>

#include <unordered_set>

namespace hfc::tensor_file {
namespace {

const auto known_extensions = ".safetensors, .npz and .npy";

/// Reads all bytes of a file.
ByteSource source_of(const InputFile& file) {
    return {file.size(), [&file, position = uint64_t{0}](void* to, size_t count) mutable {
                file.read(position, to, count);
                position += count;
            }};
}

Content named(NamedTensors tensors, Metadata metadata = {}) {
    TreeDict dict;
    for (auto& [name, tensor] : tensors) {
        dict.entries.push_back({{std::move(name)}, {std::move(tensor)}});
    }
    return {{std::move(dict)}, std::move(metadata), {}};
}

Content read_zip(const std::filesystem::path& path) {
    ZipReader archive(path);
    if (archive.find_in_any_folder(pickle_name) != nullptr) {
        return read_pytorch(archive);
    }
    Metadata metadata;
    auto tensors = read_npz(archive, metadata);
    return named(std::move(tensors), std::move(metadata));
}

/// A tar archive has a signature at byte 257.
bool is_tar(const InputFile& file) {
    std::string mark(5, '\0');
    if (file.size() < 512) {
        return false;
    }
    file.read(257, mark.data(), mark.size());
    return mark == "ustar";
}

Content read_any(const InputFile& file) {
    using namespace std::string_view_literals;
    std::string start(std::min<uint64_t>(file.size(), 32), '\0');
    file.read(0, start.data(), start.size());
    if (start.starts_with("\x93NUMPY")) {
        return {{read_npy(source_of(file))}, {}, {}};
    }
    if (start.starts_with("PK\3\4"sv) || start.starts_with("PK\5\6"sv)) {
        return read_zip(file.path());
    }
    if ((start.size() > 8 && start[8] == '{') || file.path().extension() == ".safetensors") {
        Metadata metadata;
        auto tensors = read_safetensors(file, &metadata);
        return named(std::move(tensors), std::move(metadata));
    }
    if (is_legacy(start)) {
        return read_legacy(file);
    }
    if (start.starts_with('\x80')) {
        return read_bare_pickle(file);
    }
    expect(!is_tar(file),
           "it is a tar archive, perhaps in the format that PyTorch used in 2016 and 2017; save it "
           "again in Python: torch.save(torch.load(path, map_location=\"cpu\", "
           "weights_only=False), path)");
    malformed("it is not a safetensors, npz, npy or PyTorch file{}",
              file.size() == 0 ? " (it is empty)" : "");
}

void require_writable(const NamedTensors& tensors, const std::string& extension) {
    std::unordered_set<std::string> names;
    for (const auto& [name, tensor] : tensors) {
        require(!name.empty() || extension == ".npy", "a tensor has no name");
        require(name.find('\0') == std::string::npos, "a tensor's name contains a zero byte");
        require(names.insert(name).second, "two tensors have the name '{}'", name);
        require(tensor.defined(), "tensor '{}' is undefined", name);
        require(tensor.layout() == at::kStrided && !tensor.is_quantized() && !tensor.is_nested() &&
                    !tensor.is_meta(),
                "tensor '{}' must be dense, not quantized, and not on the meta device", name);
    }
}

void write_any(OutputFile& file, const std::string& extension, const NamedTensors& tensors,
               const Metadata& metadata) {
    if (extension == ".safetensors") {
        write_safetensors(file, tensors, metadata);
    } else if (extension == ".npz") {
        write_npz(file, tensors, metadata);
    } else {
        write_npy(file, tensors.front().first, tensors.front().second);
    }
}

}  // namespace

at::Tensor plain(const at::Tensor& tensor) {
    return tensor.detach().resolve_conj().resolve_neg().to(at::kCPU).contiguous();
}

namespace {

/// Calls work() and turns its errors into an Error that names the file.
template <typename Work>
auto naming(const std::filesystem::path& path, Work&& work) {
    try {
        return work();
    } catch (const Malformed& error) {
        fail("cannot read '{}': {}", path.string(), error.what());
    } catch (const c10::Error& error) {
        fail("cannot read '{}': {}", path.string(), short_message(error));
    } catch (const std::bad_alloc&) {
        fail("cannot read '{}': not enough memory", path.string());
    }
}

}  // namespace

Content read(const std::filesystem::path& path) {
    return naming(path, [&] { return read_any(InputFile(path)); });
}

NpyLayout npy_layout(const InputFile& file) {
    return naming(file.path(), [&] { return read_npy_layout(source_of(file)); });
}

NamedTensors load(const std::filesystem::path& path, Metadata* metadata) {
    return naming(path, [&] {
        auto content = read_any(InputFile(path));
        if (metadata != nullptr) {
            *metadata = std::move(content.metadata);
        }
        return flatten(content.value);
    });
}

void save(const std::filesystem::path& path, const NamedTensors& tensors,
          const Metadata& metadata) {
    const auto extension = path.extension().string();
    require(extension == ".safetensors" || extension == ".npz" || extension == ".npy",
            "cannot write '{}': the extension must be one of {}, got '{}'", path.string(),
            known_extensions, extension);
    require(extension != ".npy" || tensors.size() == 1,
            "cannot write '{}': an npy file contains exactly one tensor, got {} (an npz file can "
            "contain several)",
            path.string(), tensors.size());
    require(extension != ".npy" || metadata.empty(),
            "cannot write '{}': an npy file cannot contain metadata", path.string());
    std::string reason;
    OutputFile file(path);
    try {
        require_writable(tensors, extension);
        write_any(file, extension, tensors, metadata);
    } catch (const Error& error) {
        reason = error.what();
    } catch (const c10::Error& error) {
        reason = short_message(error);
    } catch (const std::exception& error) {
        reason = error.what();  // JSON rejects text that is not UTF-8; out of memory
    }
    require(reason.empty() || reason.starts_with("cannot write"), "cannot write '{}': {}",
            path.string(), reason);
    require(reason.empty(), "{}", reason);
    file.commit();
}

NamedTensors under(const NamedTensors& tensors, const std::string& prefix) {
    NamedTensors found;
    for (const auto& [name, tensor] : tensors) {
        if (name.starts_with(prefix + ".")) {
            found.emplace_back(name.substr(prefix.size() + 1), tensor);
        }
    }
    return found;
}

}  // namespace hfc::tensor_file
