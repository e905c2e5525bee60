#include "data/transform/filter.h"

#include "base/dtype_name.h"
#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hfc::data {
namespace {

/// The parts that the filters with the same rule need, computed with a single forward transform.
class SharedSplit {
  public:
    SharedSplit(frequency::Rule rule, const std::vector<Filter>& filters,
                const at::Tensor& images) {
        frequency::SplitOptions options{rule, false, false};
        for (const auto& filter : filters) {
            if (filter.part == Part::whole || filter.rule != rule) {
                continue;
            }
            options.low |= filter.part == Part::low;
            options.high |= filter.part == Part::high;
            if (std::ranges::find(radii_, filter.radius) == radii_.end()) {
                radii_.push_back(filter.radius);
            }
        }
        if (!radii_.empty()) {
            parts_ = frequency::split(images, radii_, options);
        }
    }

    const at::Tensor& part(const Filter& filter) const {
        const auto position = std::ranges::find(radii_, filter.radius) - radii_.begin();
        return (filter.part == Part::low ? parts_.low : parts_.high)[static_cast<size_t>(position)];
    }

  private:
    std::vector<double> radii_;
    frequency::Parts parts_;
};

}  // namespace

void require_valid(const Filter& filter) {
    require(filter.part == Part::whole || (std::isfinite(filter.radius) && filter.radius >= 0),
            "the radius of a {}_pass must be a finite number >= 0 (in frequency bins), got {}",
            filter.part == Part::low ? "low" : "high", filter.radius);
}

std::string describe(const Filter& filter) {
    const bool exclusive = filter.part != Part::whole && filter.rule == frequency::Rule::exclusive;
    const bool rescaled = filter.rescale == Rescale::max;
    const auto part =
        filter.part == Part::whole
            ? ""
            : fmt::format("{} r={}", filter.part == Part::low ? "low" : "high", filter.radius);
    if (!exclusive && !rescaled) {
        return part;
    }
    const auto how = fmt::format("({}{}{})", exclusive ? "rule <" : "",
                                 exclusive && rescaled ? ", " : "", rescaled ? "rescale max" : "");
    return part.empty() ? how : part + " " + how;
}

std::vector<at::Tensor> apply_all(const std::vector<Filter>& filters, const at::Tensor& images) {
    std::ranges::for_each(filters, [](const Filter& filter) { require_valid(filter); });
    const SharedSplit inclusive(frequency::Rule::inclusive, filters, images);
    const SharedSplit exclusive(frequency::Rule::exclusive, filters, images);
    std::vector<at::Tensor> results;
    for (const auto& filter : filters) {
        const auto& splits = filter.rule == frequency::Rule::inclusive ? inclusive : exclusive;
        const auto& part = filter.part == Part::whole ? images : splits.part(filter);
        results.push_back(filter.rescale == Rescale::max ? rescale_by_max(part) : part);
    }
    return results;
}

at::Tensor apply(const Filter& filter, const at::Tensor& images) {
    return apply_all({filter}, images).front();
}

at::Tensor rescale_by_max(const at::Tensor& images) {
    require(images.defined() && images.dim() == 4 && images.is_floating_point(),
            "'rescale' requires floating-point images [n, C, H, W], got {}",
            images.defined() ? fmt::format("{} [{}]", dtype_name(images.scalar_type()),
                                           fmt::join(images.sizes(), ", "))
                             : "nothing");
    if (images.numel() == 0) {
        return images;
    }
    const auto largest = images.amax({1, 2, 3}, /*keepdim=*/true);
    return images / largest.where(largest.gt(0), at::ones_like(largest));
}

Rescale parse_rescale(std::string_view text) {
    if (text == "none") {
        return Rescale::none;
    }
    require(text == "max",
            "'rescale' must be \"none\" or \"max\" (divides each image by its largest value), got "
            "\"{}\"",
            text);
    return Rescale::max;
}

FilterTransform::FilterTransform(const Filter& filter) : filter_(filter) {
    require_valid(filter);
}

void FilterTransform::apply(TransformBatch& batch) const {
    batch.images = data::apply(filter_, batch.images);
}

std::string FilterTransform::describe() const {
    return data::describe(filter_);
}

bool FilterTransform::same_as(const Transform& other) const {
    const auto* filtered = dynamic_cast<const FilterTransform*>(&other);
    return filtered != nullptr && filtered->filter_ == filter_;
}

}  // namespace hfc::data
