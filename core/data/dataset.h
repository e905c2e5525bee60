// A data set: images kept once as bytes, and light views on them that become float batches.
#pragma once

#include "frequency/split.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::data {

/// The images of one part (training or test) of a data set, shared by all views on it.
struct Images {
    std::string name;   ///< for messages: "cifar10 train"
    at::Tensor pixels;  ///< uint8 or float32 [N, C, H, W]
    at::Tensor labels;  ///< int64 [N], zero-based; undefined where none are known
    std::vector<std::string> class_names;  ///< one a class; empty: classes have no names
    std::string source = {};  ///< what tells the files apart that the pixels come from, if any:
                              ///< their names and sizes, as a checksum
};

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
};

struct Batch {
    at::Tensor images;  ///< float32 [n, C, H, W], CPU; of bytes in [0,1] unless filtered
    at::Tensor labels;  ///< int64 [n], CPU; undefined where the data set has none
    /// int64 [n], CPU: the index of each image in its source, the same in every view.
    at::Tensor samples = {};
};

/// A view: which images, in which order, under which labels, through which filter. Cheap to copy;
/// never changes.
class Dataset {
  public:
    /// All images of `images` in their order. Throws Error unless shapes and dtypes are as Images
    /// says and labels are at least 0 and, where classes have names, name a class.
    explicit Dataset(std::shared_ptr<const Images> images);

    int64_t size() const;
    int64_t channels() const;
    int64_t height() const;
    int64_t width() const;
    /// As many as have names, and at least one more than the largest label.
    int64_t classes() const { return classes_; }
    const std::vector<std::string>& class_names() const;
    /// "cifar10 train, shuffled labels, low r=4"
    const std::string& name() const;
    bool has_labels() const { return labels_.defined(); }
    /// int64 [size()], as this view sees them. Not to be written to. Throws Error where there are
    /// none.
    const at::Tensor& labels() const;
    const Filter& filter() const;
    /// A checksum that tells data sets of one name and size apart: of all labels and of the files'
    /// names and sizes, or where the data are no pictures from files of 64 images spread over this
    /// view. The same on every machine.
    std::string fingerprint() const;

    /// The first `n` images of a random order of `seed`. Throws Error unless 1 <= n <= size().
    Dataset subset(int64_t n, uint64_t seed) const;
    /// Images begin .. end-1 of this view. Throws Error unless 0 <= begin < end <= size().
    Dataset slice(int64_t begin, int64_t end) const;
    /// `n` images of each class, drawn by `seed`, in the order of this view. Throws Error naming a
    /// class that has fewer.
    Dataset per_class(int64_t n, uint64_t seed) const;
    /// The same images under a fixed permutation of their labels, which depends on `seed` alone.
    Dataset shuffle_labels(uint64_t seed) const;
    /// The same images under these labels, int64 [size()] of at least 0. Throws Error for others.
    Dataset with_labels(const at::Tensor& labels) const;
    /// The images at `positions` (int64) of this view, in that order, any number of times.
    Dataset select(const at::Tensor& positions) const;
    /// The same images through a filter, which replaces an earlier one. Throws Error for a radius
    /// below 0 or not a number.
    Dataset filtered(const Filter& filter) const;
    Dataset low_pass(double radius, frequency::Rule rule = {}, Rescale rescale = {}) const;
    Dataset high_pass(double radius, frequency::Rule rule = {}, Rescale rescale = {}) const;

    /// Images `positions` (int64 [n], positions in this view) as a float batch, filtered. Throws
    /// Error for a position outside the view.
    Batch batch(const at::Tensor& positions) const;
    /// Images begin .. end-1 as a float batch, filtered. Throws Error unless 0 <= begin < end <=
    /// size().
    Batch batch(int64_t begin, int64_t end) const;

    /// True where both views show the same images in the same order under the same labels; the
    /// filters may differ. Such views share one forward transform in batches_through().
    bool same_images(const Dataset& other) const;

    /// The batch begin .. end-1 of this view's images through each filter, all from one forward
    /// transform: one tensor a filter. This view's own filter is not applied.
    std::vector<at::Tensor> batches_through(const std::vector<Filter>& filters, int64_t begin,
                                            int64_t end) const;

  private:
    /// The images at `positions` of this view, under their labels; `what` is added to the name.
    Dataset select(const at::Tensor& positions, const std::string& what) const;
    void set_name(const std::string& unfiltered);
    at::Tensor unfiltered_batch(const at::Tensor& indices) const;

    std::shared_ptr<const Images> images_;
    at::Tensor indices_;  ///< int64 [size()], into images_
    at::Tensor labels_;   ///< int64 [size()], or undefined
    int64_t classes_;
    std::string unfiltered_name_;
    std::string name_;  ///< with the filter
    Filter filter_;
};

/// A data set of these images, float32 or uint8 [N, C, H, W] on any device, and labels, int64 [N],
/// which may be undefined. The images are shared, not copied. Throws Error for other tensors.
Dataset dataset_of(const at::Tensor& images, const at::Tensor& labels = {},
                   std::string name = "images", std::vector<std::string> class_names = {});

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

/// A training and a test part that belong together.
struct Pair {
    Dataset train;
    Dataset test;
};

}  // namespace hfc::data
