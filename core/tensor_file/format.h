// The readers and writers of each format, and their common parts. Internal: users call load() and
// save().
#pragma once

#include "base/file.h"
#include "tensor_file/tensor_file.h"

#include <fmt/format.h>

#include <bit>
#include <functional>
#include <stdexcept>

namespace hfc::tensor_file {

static_assert(std::endian::native == std::endian::little,
              "the formats are little-endian and are copied as they are");

/// A problem in a file. load() turns it into an Error: "cannot read 'FILE': " followed by this
/// text.
class Malformed : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

template <typename... Args>
[[noreturn]] void malformed(fmt::format_string<Args...> text, Args&&... args) {
    throw Malformed(fmt::format(text, std::forward<Args>(args)...));
}

template <typename... Args>
void expect(bool condition, fmt::format_string<Args...> text, Args&&... args) {
    if (!condition) {
        malformed(text, std::forward<Args>(args)...);
    }
}

/// A sequence of bytes to read: a file, or a member of a zip archive.
struct ByteSource {
    uint64_t size;
    std::function<void(void* to, size_t count)> read;
};

NamedTensors read_safetensors(const InputFile& file, Metadata* metadata);
void write_safetensors(OutputFile& file, const NamedTensors& tensors, const Metadata& metadata);

at::Tensor read_npy(const ByteSource& source);
/// Like npy_layout(file), but for a source that is an entire npy file. Throws Malformed.
NpyLayout read_npy_layout(const ByteSource& source);
/// The layout of the bytes of a NumPy array.
struct ArrayLayout {
    std::vector<int64_t> shape;
    at::ScalarType type;
    bool big_endian;
    bool fortran_order;
};
/// Makes a tensor; `fill` writes its bytes in the layout of the array.
at::Tensor make_array(ArrayLayout layout, const std::function<void(const at::Tensor&)>& fill);
/// The header before the tensor's bytes in an npy file.
std::string npy_header(const std::string& name, const at::Tensor& tensor);
void write_npy(OutputFile& file, const std::string& name, const at::Tensor& tensor);

class ZipReader;
NamedTensors read_npz(ZipReader& archive, Metadata& metadata);
void write_npz(OutputFile& file, const NamedTensors& tensors, const Metadata& metadata);

/// The name under which safetensors and npz store metadata; no tensor may have this name.
constexpr auto metadata_name = "__metadata__";

/// The member that identifies an archive as one of PyTorch's; it may be in a directory.
constexpr std::string_view pickle_name = "data.pkl";
Content read_pytorch(ZipReader& archive);

/// Whether a file was written by PyTorch before version 1.6: a series of pickles followed by the
/// storages.
bool is_legacy(std::string_view start);
Content read_legacy(const InputFile& file);
/// Reads a pickle that is not part of an archive.
Content read_bare_pickle(const InputFile& file);
/// Reads `bytes`, the output of torch.save for a single storage.
at::Tensor legacy_storage(std::string_view bytes);

/// The values of a dense tensor as a contiguous CPU tensor.
at::Tensor plain(const at::Tensor& tensor);

/// The bytes of a contiguous CPU tensor.
inline std::string_view bytes_of(const at::Tensor& tensor) {
    return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

}  // namespace hfc::tensor_file
