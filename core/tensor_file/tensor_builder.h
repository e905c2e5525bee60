// The functions that the pickles of PyTorch's files may call, no matter where the bytes of their
// storages are.
#pragma once

#include "tensor_file/pickle.h"

#include <memory>

namespace hfc::tensor_file {

/// The source of the storages to which a pickle refers.
class StorageSource {
  public:
    virtual ~StorageSource() = default;
    /// Returns the storage with this key, as a tensor with one dimension; the same key always gives
    /// the same tensor. Checks `count` before it allocates memory. Throws Malformed.
    virtual at::Tensor storage(const std::string& key, at::ScalarType type, int64_t count) = 0;
};

/// Returns a builder that makes only tensors. `bytes`: the size of the file, which limits the total
/// size of the storages within the pickle itself.
std::unique_ptr<pickle::Builder> tensor_builder(StorageSource& storages, uint64_t bytes);

/// The dtype named `torch.NAME`, or nullptr.
const Dtype* named_dtype(std::string_view global);

}  // namespace hfc::tensor_file
