#include "smooth/kernel_log.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cctype>
#include <cstring>

namespace hfc::smooth {
namespace {

/// A series may have any name, but a file may not.
std::string picture_name(const std::string& series) {
    auto name = series.empty() ? std::string("kernels") : "kernels " + series.substr(0, 150);
    std::replace_if(
        name.begin(), name.end(),
        [](unsigned char c) { return std::isalnum(c) == 0 && std::strchr(" ._-", c) == nullptr; },
        '_');
    return name;
}

}  // namespace

void log_kernels(run::Run& run, const std::string& series,
                 const std::vector<at::Tensor>& parameters, int64_t epoch) {
    constexpr int64_t most = 64;
    const auto first = std::find_if(parameters.begin(), parameters.end(),
                                    [](const auto& parameter) { return parameter.dim() == 4; });
    require(first != parameters.end(), "log_kernels: the network has no convolution");
    auto kernels = first->detach().to(at::kCPU, at::kDouble).slice(0, 0, most);
    if (kernels.size(1) != 1 && kernels.size(1) != 3) {
        kernels = kernels.mean(1, /*keepdim=*/true);
    }
    const auto bytes = plot::to_bytes(kernels / (2 * kernels.abs().amax().clamp_min(1e-30)) + 0.5);
    run::Json event = {{"epoch", epoch}};
    if (!series.empty()) {
        event["series"] = series;
    }
    run.image(picture_name(series), {.images = bytes}, event, /*figure=*/false);
}

}  // namespace hfc::smooth
