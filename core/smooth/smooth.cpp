#include "smooth/smooth.h"

#include "base/error.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <functional>

namespace hfc::smooth {
namespace {

std::vector<std::string> chosen(const model::Model& model, const std::vector<std::string>& layers) {
    const auto known = convolutions(model);
    require(!known.empty(), "nothing to smooth: the model has no convolution");
    if (layers.empty()) {
        return {known.front()};
    }
    std::vector<std::string> names;
    for (const auto& layer : layers) {
        const auto matches = [&](const std::string& name) {
            return name == layer || name == layer + ".weight";
        };
        const auto found = std::ranges::find_if(known, matches);
        require(found != known.end(),
                "'{}' is not a convolution in the model{}; its convolutions are {}", layer,
                did_you_mean(layer, known), fmt::join(known, ", "));
        require(std::ranges::find(names, *found) == names.end(),
                "the convolution '{}' is listed twice", layer);
        names.push_back(*found);
    }
    return names;
}

std::vector<std::string> change(model::Model& model, const std::vector<std::string>& layers,
                                const std::function<at::Tensor(const at::Tensor&)>& change_kernel) {
    const at::NoGradGuard no_grad;
    const auto names = chosen(model, layers);
    const auto parameters = model.named_parameters();
    std::vector<at::Tensor> results;
    for (const auto& name : names) {
        results.push_back(change_kernel(parameters[name]));
    }
    for (size_t i = 0; i < names.size(); ++i) {
        auto weight = parameters[names[i]];
        weight.copy_(results[i]);  // keeps its memory and layout, because an optimizer may hold it
    }
    return names;
}

}  // namespace

std::vector<std::string> convolutions(const model::Model& model) {
    std::vector<std::string> names;
    for (const auto& entry : model.named_parameters()) {
        if (entry.value().dim() == 4) {
            names.push_back(entry.key());
        }
    }
    return names;
}

std::vector<std::string> smooth(model::Model& model, double rho,
                                const std::vector<std::string>& layers) {
    return change(model, layers,
                  [&](const at::Tensor& kernel) { return smooth_kernel(kernel, rho); });
}

std::vector<std::string> smooth_gaussian(model::Model& model, double sigma, int64_t size,
                                         const std::vector<std::string>& layers) {
    return change(model, layers,
                  [&](const at::Tensor& kernel) { return gaussian_kernel(kernel, sigma, size); });
}

}  // namespace hfc::smooth
