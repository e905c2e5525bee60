#include "model/state.h"

namespace hfc::model {

tensor_file::NamedTensors state_of(const Model& network) {
    tensor_file::NamedTensors state;
    for (const auto& parameter : network.named_parameters()) {
        state.emplace_back(parameter.key(), parameter.value().detach());
    }
    for (const auto& buffer : network.named_buffers()) {
        state.emplace_back(buffer.key(), buffer.value());
    }
    return state;
}

}  // namespace hfc::model
