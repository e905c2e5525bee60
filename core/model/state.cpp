#include "model/state.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

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

std::optional<std::string> fill(const Model& network,
                                const std::map<std::string, at::Tensor>& state,
                                const std::string& prefix) {
    std::vector<std::pair<at::Tensor, at::Tensor>> copies;
    for (const auto& [name, own] : state_of(network)) {
        const auto found = state.find(prefix + name);
        if (found == state.end()) {
            if (!name.ends_with("num_batches_tracked")) {
                return fmt::format("the tensor '{}{}' is missing", prefix, name);
            }
        } else if (found->second.sizes() != own.sizes()) {
            return fmt::format("the tensor '{}{}' has shape [{}], expected [{}]", prefix, name,
                               fmt::join(found->second.sizes(), ", "),
                               fmt::join(own.sizes(), ", "));
        } else {
            copies.emplace_back(own, found->second);
        }
    }
    const at::NoGradGuard no_grad;
    for (const auto& [own, given] : copies) {
        own.copy_(given);
    }
    return std::nullopt;
}

void put_back(const at::Tensor& tensor, const at::Tensor& value) noexcept {
    if (tensor.sizes() == value.sizes()) {
        const at::NoGradGuard no_grad;
        tensor.copy_(value);
    }
}

}  // namespace hfc::model
