// An exported network in a self-contained file of named tensors.
#pragma once

#include "model/exported/exported_model.h"

namespace hfc::model {

/// Returns the metadata to store in the file: the graph and everything else needed to load the
/// network. `tensors` receives the constants that are not in any state dict.
tensor_file::Metadata describe_exported(const ExportedModel& model,
                                        tensor_file::NamedTensors& tensors);

/// Whether the metadata describe an exported network.
bool describes_exported(const tensor_file::Metadata& metadata);

/// Returns the network in a file whose metadata come from describe_exported(), with the same checks
/// as in load_exported(). Throws Error naming the file.
std::shared_ptr<ExportedModel> rebuild_exported(const tensor_file::NamedTensors& tensors,
                                                const tensor_file::Metadata& metadata,
                                                const std::filesystem::path& path);

}  // namespace hfc::model
