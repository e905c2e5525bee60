// A data set: a light, immutable view on the samples of a source.
#pragma once

#include "data/source.h"
#include "data/source/tensors.h"
#include "data/transform.h"
#include "data/transform/filter.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace hfc::data {

struct Batch {
    at::Tensor images;  ///< float32 [n, C, H, W], CPU; of bytes in [0,1] unless transformed
    at::Tensor labels;  ///< int64 [n], CPU; undefined where the data set has none
    /// int64 [n], CPU: the index of each image in its source, the same in every view.
    at::Tensor samples = {};
    std::vector<at::Tensor> targets = {};  ///< see Source::targets(); as the transforms leave them
};

/// A view: which samples, in which order, under which labels, through which transforms. Cheap to
/// copy; never changes.
class Dataset {
  public:
    /// All samples of `source` in their order. Throws Error unless labels are at least 0 and, where
    /// classes have names, name a class.
    explicit Dataset(std::shared_ptr<const Source> source);
    /// All of these images. Throws Error where they are not as Images says.
    explicit Dataset(std::shared_ptr<const Images> images);

    int64_t size() const { return size_; }
    int64_t channels() const { return shape_[0]; }
    int64_t height() const { return shape_[1]; }
    int64_t width() const { return shape_[2]; }
    /// Of the images as batch() gives them.
    const Shape& shape() const { return shape_; }
    /// As many as have names, and at least one more than the largest label.
    int64_t classes() const { return classes_; }
    const std::vector<std::string>& class_names() const;
    /// "cifar10 train, shuffled labels, low r=4"
    const std::string& name() const;
    bool has_labels() const { return labels_.defined(); }
    /// int64 [size()], as this view sees them: a copy. Throws Error where there are none.
    at::Tensor labels() const;
    /// int64 [size()]: the index of each image in its source. Not to be written to.
    at::Tensor samples() const;
    /// Those of the images at `positions` (int64), which lie in this view.
    at::Tensor samples_at(const at::Tensor& positions) const;
    /// Throws Error for a position outside of this view.
    void require_positions(const at::Tensor& positions) const;
    const Source& source() const { return *source_; }
    const Transforms& transforms() const { return transforms_; }
    /// Whether batch() runs code of a script, which the thread of the script alone may do.
    bool runs_script() const;
    /// A checksum that tells data sets of one name and size apart: of all labels and of what the
    /// source and the transforms say of themselves. The same on every machine.
    std::string fingerprint() const;

    /// The first `n` images of a random order of `seed`; all in their order for n = 0. Throws Error
    /// unless 0 <= n <= size().
    Dataset subset(int64_t n, uint64_t seed) const;
    /// Images begin .. end-1 of this view. Throws Error unless 0 <= begin < end <= size().
    Dataset slice(int64_t begin, int64_t end) const;
    /// `n` images of each class, drawn by `seed`, in the order of this view. Throws Error naming a
    /// class that has fewer.
    Dataset per_class(int64_t n, uint64_t seed) const;
    /// The same images under a fixed permutation of their labels, which depends on `seed` alone.
    Dataset shuffle_labels(uint64_t seed) const;
    /// The same images under these labels, int64 or uint8 [size()] of at least 0. Throws Error for
    /// others.
    Dataset with_labels(const at::Tensor& labels) const;
    /// The images at `positions` (int64) of this view, in that order, any number of times.
    Dataset select(const at::Tensor& positions) const;
    /// The same, and `what` is added to the name.
    Dataset select(const at::Tensor& positions, const std::string& what) const;
    /// The images of this view through one more transform.
    Dataset transformed(std::shared_ptr<const Transform> transform) const;
    /// The images of this view through a filter, or this view where it changes nothing. Throws
    /// Error for a radius below 0 or not a number.
    Dataset filtered(const Filter& filter) const;
    Dataset low_pass(double radius, frequency::Rule rule = {}, Rescale rescale = {}) const;
    Dataset high_pass(double radius, frequency::Rule rule = {}, Rescale rescale = {}) const;
    /// The images of this view made from their picture files by another recipe. Throws Error where
    /// they are no picture files, and for a view with transforms: those come after the recipe.
    Dataset with_recipe(const image_file::PictureRecipe& recipe) const;
    /// The same, and the pictures of this view are decoded once: see cached.h. A data set whose
    /// images are in memory stays as it is. Throws Error for one that is not made of picture files.
    Dataset cached(const std::filesystem::path& folder = {}) const;
    /// The same where nothing is random and the images fit into what is left of
    /// default_pixel_memory(); else, and where there are no picture files, this view.
    Dataset cached_if_it_fits() const;
    /// The same images as the source gives them.
    Dataset untransformed() const;

    /// Images `positions` (int64 [n], positions in this view) as a float batch, transformed. Throws
    /// Error for a position outside the view, and for a sample that cannot be read.
    Batch batch(const at::Tensor& positions, const Draw& draw = {}) const;
    /// Images begin .. end-1 likewise. Throws Error unless 0 <= begin < end <= size().
    Batch batch(int64_t begin, int64_t end, const Draw& draw = {}) const;

    /// batch() in two steps, for a Loader. Room for these samples, which its threads fill by
    /// source().read(). Throws Error where the samples differ in shape.
    at::Tensor make_room(const at::Tensor& samples) const;
    /// The batch of the images at `positions`, read into `images`.
    Batch finish(const at::Tensor& images, const at::Tensor& positions, const Draw& draw) const;

    /// True where both views show the same samples in the same order under the same labels; the
    /// transforms may differ.
    bool same_images(const Dataset& other) const;

  private:
    void set_name(const std::string& untransformed);

    std::shared_ptr<const Source> source_;
    int64_t size_;
    at::Tensor indices_;  ///< int64 [size_], into source_; undefined for all in their order
    at::Tensor labels_;   ///< int32 [size_], or undefined: a million take 4 MB
    int64_t classes_;
    Transforms transforms_;
    Shape shape_;
    std::string untransformed_name_;
    std::string name_;  ///< with the transforms
};

/// A data set of these images, float32 or uint8 [N, C, H, W] on any device, and labels, int64 [N],
/// which may be undefined. The images are shared, not copied. Throws Error for other tensors.
Dataset dataset_of(const at::Tensor& images, const at::Tensor& labels = {},
                   std::string name = "images", std::vector<std::string> class_names = {});

/// The images of several views with same_images(), made from one batch of their untransformed()
/// view: one tensor a view.
std::vector<at::Tensor> images_of(const std::vector<Dataset>& views, const Batch& untransformed);

/// A training and a test part that belong together.
struct Pair {
    Dataset train;
    Dataset test;
};

}  // namespace hfc::data
