#include "base/images.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hfc {
namespace {

constexpr int64_t smallest_side = 8;  // below it, sizes say nothing

bool is_channel_count(int64_t size) {
    return size == 1 || size == 3 || size == 4;
}

/// The method calls that put the dimensions into the right order.
std::string reordering(const at::Tensor& images) {
    if (images.dim() == 4) {
        return has_channels_last(images) ? ":permute(0, 3, 1, 2)" : "";
    }
    if (images.dim() == 2) {
        return ":reshape(1, 1, " + std::to_string(images.size(0)) + ", " +
               std::to_string(images.size(1)) + ")";
    }
    if (images.dim() != 3) {
        return "";
    }
    if (is_channel_count(images.size(0))) {
        return ":unsqueeze(0)";
    }
    return is_channel_count(images.size(2)) ? ":permute(2, 0, 1):unsqueeze(0)" : ":unsqueeze(1)";
}

std::string conversion(const at::Tensor& images) {
    if (images.scalar_type() == at::kByte) {
        return ":float() / 255";
    }
    return images.scalar_type() == at::kFloat || images.is_complex() ? "" : ":float()";
}

std::string advice(const std::string& steps) {
    return steps.empty() ? "" : "; write x" + steps;
}

}  // namespace

bool has_channels_last(const at::Tensor& images) {
    return images.dim() == 4 && is_channel_count(images.size(3)) &&
           !is_channel_count(images.size(1)) && images.size(1) >= smallest_side &&
           images.size(2) >= smallest_side;
}

std::string image_advice(const at::Tensor& images) {
    return images.defined() ? advice(reordering(images) + conversion(images)) : "";
}

void require_unit_range(const at::Tensor& images, const std::string& whose) {
    if (images.numel() == 0) {
        return;
    }
    const auto [least, most] = at::aminmax(images);
    const auto lowest = least.item<float>();
    const auto highest = most.item<float>();
    require(!std::isnan(lowest), "{} must have pixels in [0,1], but some are NaN", whose);
    require(lowest >= 0 && highest <= 1, "{} must have pixels in [0,1], got {} to {}", whose,
            lowest, highest);
}

std::string plane_advice(const at::Tensor& planes) {
    if (!planes.defined()) {
        return "";
    }
    const bool reorder = has_channels_last(planes);
    return advice((reorder ? ":permute(0, 3, 1, 2)" : "") + conversion(planes));
}

}  // namespace hfc
