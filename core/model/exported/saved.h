// An exported network in a file of named tensors that is whole in itself.
#pragma once

#include "model/exported/exported_model.h"

namespace hfc::model {

/// The graph and what else loading needs, for the file's metadata; `tensors` receives the constants
/// that no state dict has.
tensor_file::Metadata describe_exported(const ExportedModel& model,
                                        tensor_file::NamedTensors& tensors);

/// Whether the metadata describe an exported network.
bool describes_exported(const tensor_file::Metadata& metadata);

/// The network of a file that describe_exported() describes, checked as load_exported() does.
/// Throws Error naming the file.
std::shared_ptr<ExportedModel> rebuild_exported(const tensor_file::NamedTensors& tensors,
                                                const tensor_file::Metadata& metadata,
                                                const std::filesystem::path& path);

}  // namespace hfc::model
