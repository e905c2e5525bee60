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

/// How to rescale a filtered image, whose pixels can lie outside [0,1].
enum class Rescale {
    none,
    max,  ///< x / max(x) for each image, as in the authors' code; negative values stay
};

/// A frequency filter that is applied whenever a batch is made.
struct Filter {
    Part part = Part::whole;
    double radius = 0;  ///< in frequency bins
    frequency::Rule rule = frequency::Rule::inclusive;
    Rescale rescale = Rescale::none;

    bool operator==(const Filter&) const = default;
};

/// Filters float images [n, C, H, W] as Dataset does: splits, then rescales.
at::Tensor apply(const Filter& filter, const at::Tensor& images);

/// Returns one tensor of filtered images per filter. All filters with the same rule share one
/// forward transform. For a filter that changes nothing, the result is `images` itself. Equal
/// filters may share one tensor.
std::vector<at::Tensor> apply_all(const std::vector<Filter>& filters, const at::Tensor& images);

/// Each image divided by its largest value, as in the authors' code. An image whose largest value
/// is not positive does not change.
at::Tensor rescale_by_max(const at::Tensor& images);

/// "none" or "max". Throws Error for anything else.
Rescale parse_rescale(std::string_view text);

/// Throws Error unless `filter` has a finite non-negative radius (if it uses one).
void require_valid(const Filter& filter);

/// "low r=4", "high r=12 (rule <, rescale max)", or "" if it filters nothing.
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
