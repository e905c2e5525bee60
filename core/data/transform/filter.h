// Frequency filters.
#pragma once

#include "data/transform.h"
#include "frequency/split.h"

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

namespace hfc::data {

enum class Part { whole, low, high };

/// What happens to a filtered image's pixel range, which leaves [0,1].
enum class Rescale {
    none,
    max,  ///< x / max(x) for each image, as the public code does; negative values stay
};

/// A frequency filter that is applied to a batch as it is made.
struct Filter {
    Part part = Part::whole;
    double radius = 0;  ///< in frequency bins
    frequency::Rule rule = frequency::Rule::inclusive;
    Rescale rescale = Rescale::none;

    bool operator==(const Filter&) const = default;
};

/// Filters float images [n, C, H, W] as Dataset does: split, then rescale.
at::Tensor apply(const Filter& filter, const at::Tensor& images);

/// The images through each filter: one tensor a filter, one forward transform for all filters of a
/// rule. A filter that changes nothing gives `images` itself, and equal filters may give the same
/// tensor.
std::vector<at::Tensor> apply_all(const std::vector<Filter>& filters, const at::Tensor& images);

/// Each image divided by its largest value, as the public code does. An image whose largest value
/// is not positive stays as it is.
at::Tensor rescale_by_max(const at::Tensor& images);

/// "none" or "max". Throws Error for anything else.
Rescale parse_rescale(std::string_view text);

/// Throws Error unless `filter` has a finite radius of at least 0 (where it has a use for one).
void require_valid(const Filter& filter);

/// "low r=4", "high r=12 (rule <, rescale max)", or "" where nothing is filtered.
std::string describe(const Filter& filter);

class FilterTransform : public Transform {
  public:
    /// Throws Error as require_valid() does.
    explicit FilterTransform(const Filter& filter);
    const Filter& filter() const { return filter_; }
    void apply(TransformBatch& batch) const override;
    std::string describe() const override;
    bool same_as(const Transform& other) const override;

  private:
    Filter filter_;
};

}  // namespace hfc::data
