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

/// What a safetensors file says about itself.
using Metadata = std::map<std::string, std::string>;

/// All that a file holds. Files of named tensors (safetensors, npz) are a dict of them; npy is a
/// tensor; PyTorch's files and pickles are what was saved.
struct Content {
    Tree value;
    Metadata metadata;  ///< of safetensors and npz
    /// Objects of Python that have no counterpart here, by path and class: "when
    /// (datetime.datetime)". None stands in their places.
    std::vector<std::string> left_out;
};

/// Reads a file; its format is told by its content, not by its extension. Nothing in it is
/// executed: of Python's objects, tensors, containers, numbers and strings are read, and those of
/// NumPy's arrays and scalars, sets, paths, namespaces, devices and dtypes that stand for such.
/// Throws Error naming the file and what is wrong in it.
Content read(const std::filesystem::path& path);

/// The tensors of a file, on the CPU; its format is told by its content, not by its extension:
///   - safetensors (https://huggingface.co/docs/safetensors): in the order of the header;
///   `metadata`, where given, receives its
///     "__metadata__" (left empty by the other formats);
///   - npz: one tensor a member, named without ".npy"; stored or deflated; `metadata` as above, if
///   save() wrote it;
///   - npy: one tensor with the name ""; either byte order, C or Fortran order;
///   - PyTorch's .pt and .pth, and other pickles: flatten(read(path)).
/// Tensors that shared memory when they were saved share it again; none requires grad.
/// Every length in the file is checked before it is used. Throws Error naming the file and what is
/// wrong in it.
NamedTensors load(const std::filesystem::path& path, Metadata* metadata = nullptr);

/// The tensors of a tree. Names of nested dicts are joined by dots, lists and tuples count from 0
/// as in PyTorch: {"model": {"fc.weight": w}, "epoch": 3} gives "model.fc.weight" and "epoch".
/// Numbers and booleans become 0-dim tensors (int64, float64, bool); strings and None are skipped.
/// A lone tensor has the name "". Throws Malformed for two tensors of one name.
NamedTensors flatten(const Tree& tree);

/// Writes tensors in the format that the extension names: .safetensors, .npz (stored) or .npy
/// (exactly one tensor, whose name is not kept). The values are written as contiguous CPU tensors,
/// those that share memory separately. `path` holds either its old content or all of the new one.
/// npz keeps metadata as an array of bytes named "__metadata__", which holds JSON.
/// Throws Error for an unknown extension, a name that is empty or there twice, a dtype that the
/// format lacks, metadata in a format without it, and a file that cannot be written (no space, no
/// permission).
void save(const std::filesystem::path& path, const NamedTensors& tensors,
          const Metadata& metadata = {});

/// Where the array of an npy file lies, for whoever reads parts of it.
struct NpyLayout {
    std::vector<int64_t> shape;
    at::ScalarType dtype;
    uint64_t offset;  ///< of the first value, in bytes
};

/// Of a file in C order and of this machine's byte order. Throws Error naming the file for another
/// order, for what is no npy file, and for one of another size than its header says.
NpyLayout npy_layout(const InputFile& file);

/// The tensors whose name starts with `prefix` and a dot, named by the rest:
/// under(load("checkpoint.pt"), "state_dict").
NamedTensors under(const NamedTensors& tensors, const std::string& prefix);

}  // namespace hfc::tensor_file
