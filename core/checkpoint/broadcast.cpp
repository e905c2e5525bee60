#include "checkpoint/broadcast.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

namespace hfc::checkpoint {
namespace {

/// The names, dtypes and shapes of the tensors, and the state.
Json outline_of(const std::optional<Checkpoint>& checkpoint) {
    if (!checkpoint) {
        return {};
    }
    Json tensors = Json::array();
    for (const auto& [name, tensor] : checkpoint->tensors) {
        tensors.push_back({name, static_cast<int>(tensor.scalar_type()), tensor.sizes().vec()});
    }
    return {{"tensors", tensors}, {"state", checkpoint->state}};
}

at::Tensor empty_as(const Json& outline) {
    return at::empty(outline.at(2).get<std::vector<int64_t>>(),
                     static_cast<at::ScalarType>(outline.at(1).get<int>()));
}

}  // namespace

std::optional<Checkpoint> broadcast(parallel::Group& group, std::optional<Checkpoint> checkpoint) {
    if (group.size() == 1) {
        return checkpoint;
    }
    const auto outline =
        Json::parse(group.broadcast_text(group.leads() ? outline_of(checkpoint).dump() : ""));
    if (outline.is_null()) {
        return {};
    }
    if (!group.leads()) {
        checkpoint.emplace();
        checkpoint->state = outline.at("state");
        for (const auto& tensor : outline.at("tensors")) {
            checkpoint->tensors.emplace_back(tensor.at(0).get<std::string>(), empty_as(tensor));
        }
    }
    for (auto& [name, tensor] : checkpoint->tensors) {
        auto bytes = tensor.contiguous().reshape({-1}).view(at::kByte);
        group.broadcast(bytes, 0);
    }
    return checkpoint;
}

}  // namespace hfc::checkpoint
