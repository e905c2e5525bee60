// Tensors in files: safetensors, NumPy's npy and npz, and the state dicts that PyTorch writes (read
// only).
#pragma once

#include "base/file.h"
#include "tensor_file/tree.h"

#include <c10/core/ScalarType.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hfc::tensor_file {

/// Tensors and their names, in the order of the file.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// The metadata of a safetensors file.
using Metadata = std::map<std::string, std::string>;

/// The contents of a file. For safetensors and npz, the value is a dict of tensors; for npy, it is
/// a tensor; for PyTorch's files and pickles, it is the value that was saved.
struct Content {
    Tree value;
    Metadata metadata;  ///< for safetensors and npz
    /// Python objects that have no equivalent here, by path and class: "when (datetime.datetime)".
    /// They are replaced by None.
    std::vector<std::string> left_out;
};

/// Reads a file. The format is recognised by the file's contents, not by its extension. Nothing in
/// it is executed. Reads tensors, containers, numbers and strings. NumPy's arrays and scalars,
/// sets, paths, namespaces, devices and dtypes are converted to these if possible. Throws Error
/// naming the file and the problem.
Content read(const std::filesystem::path& path);

/// Returns the tensors of a file, on the CPU. The format is recognised by the file's contents, not
/// by its extension:
///   - safetensors (https://huggingface.co/docs/safetensors): in the order of the header.
///     `metadata`, if given, receives its "__metadata__" (empty for the other formats);
///   - npz: one tensor per member, named without ".npy"; stored or deflated. `metadata` as above,
///     if save() wrote it;
///   - npy: one tensor with the name "", in either byte order, in C or Fortran order;
///   - PyTorch's .pt and .pth, and other pickles: flatten(read(path)).
/// Tensors that shared memory when they were saved share it again; they do not require grad.
/// Every length in the file is checked before it is used. Throws Error naming the file and the
/// problem.
NamedTensors load(const std::filesystem::path& path, Metadata* metadata = nullptr);

/// Returns the tensors of a tree. The names of nested dicts are joined by dots; items of lists and
/// tuples are numbered from 0, as in PyTorch: {"model": {"fc.weight": w}, "epoch": 3} gives
/// "model.fc.weight" and "epoch". Numbers and booleans become 0-dim tensors (int64, float64, bool);
/// strings and None are skipped. A single tensor has the name "". Throws Malformed if two tensors
/// have the same name.
NamedTensors flatten(const Tree& tree);

/// Writes tensors in the format given by the extension: .safetensors, .npz (stored) or .npy
/// (exactly one tensor, whose name is not stored). The values are written as contiguous CPU
/// tensors; tensors that share memory are written separately. `path` always contains either its old
/// or its new contents. npz stores metadata as an array of bytes named "__metadata__", which
/// contains JSON. Throws Error for an unknown extension, an empty or duplicate name, a dtype that
/// the format does not support, metadata for a format that cannot store it, and a file that cannot
/// be written (no space, no permission).
void save(const std::filesystem::path& path, const NamedTensors& tensors,
          const Metadata& metadata = {});

/// The position of the array in an npy file, for code that reads parts of it.
struct NpyLayout {
    std::vector<int64_t> shape;
    at::ScalarType dtype;
    uint64_t offset;  ///< of the first value, in bytes
};

/// Returns the layout of a file in C order with this machine's byte order. Throws Error (naming the
/// file) for any other order, for a file that is not npy, and for a file size that does not match
/// the header.
NpyLayout npy_layout(const InputFile& file);

/// The tensors whose names start with `prefix` and a dot; this part of the names is removed:
/// under(load("checkpoint.pt"), "state_dict").
NamedTensors under(const NamedTensors& tensors, const std::string& prefix);

}  // namespace hfc::tensor_file
