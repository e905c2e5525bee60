// What the pickles of PyTorch's files may call, whatever holds the bytes of their storages.
#pragma once

#include "tensor_file/pickle.h"

#include <memory>

namespace hfc::tensor_file {

/// Where the storages that a pickle refers to come from.
class StorageSource {
  public:
    virtual ~StorageSource() = default;
    /// The storage of this key, as a tensor of one dimension; the same one for the same key. Checks
    /// `count` before it takes memory. Throws Malformed.
    virtual at::Tensor storage(const std::string& key, at::ScalarType type, int64_t count) = 0;
};

/// Makes tensors, and nothing else. `bytes`: of the file, the most that storages within the pickle
/// itself may hold together.
std::unique_ptr<pickle::Builder> tensor_builder(StorageSource& storages, uint64_t bytes);

/// The dtype that `torch.NAME` is, or nullptr.
const Dtype* named_dtype(std::string_view global);

}  // namespace hfc::tensor_file
