// A data set: a lightweight, immutable view of the samples of a source.
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
    /// float32 [n, C, H, W], CPU; bytes are scaled to [0,1]; transforms can change this range.
    at::Tensor images;
    at::Tensor labels;  ///< int64 [n], CPU; undefined if the data set has no labels
    /// int64 [n], CPU: the index of each image in its source, the same in every view.
    at::Tensor samples = {};
    std::vector<at::Tensor> targets = {};  ///< see Source::targets(), after the transforms
};

/// A view: which samples, in which order, with which labels and which transforms. It is cheap to
/// copy and never changes.
class Dataset {
  public:
    /// All samples of `source`, in their original order. Throws Error unless labels are
    /// non-negative and, if classes have names, every label has a name.
    explicit Dataset(std::shared_ptr<const Source> source);
    /// All of these images. Throws Error if they do not satisfy the conditions of Images.
    explicit Dataset(std::shared_ptr<const Images> images);

    int64_t size() const { return size_; }
    int64_t channels() const { return shape_[0]; }
    int64_t height() const { return shape_[1]; }
    int64_t width() const { return shape_[2]; }
    /// The shape of the images that batch() returns.
    const Shape& shape() const { return shape_; }
    /// The number of class names, but at least one more than the largest label.
    int64_t classes() const { return classes_; }
    const std::vector<std::string>& class_names() const;
    /// "cifar10 train, shuffled labels, low r=4"
    const std::string& name() const;
    bool has_labels() const { return labels_.defined(); }
    /// A copy of this view's labels, int64 [size()]. Throws Error if there are none.
    at::Tensor labels() const;
    /// int64 [size()]: the index of each image in its source. Do not write to it.
    at::Tensor samples() const;
    /// Like samples(), but only for the images at `positions` (int64) of this view.
    at::Tensor samples_at(const at::Tensor& positions) const;
    /// Throws Error for a position outside the view.
    void require_positions(const at::Tensor& positions) const;
    const Source& source() const { return *source_; }
    const Transforms& transforms() const { return transforms_; }
    /// Whether batch() runs a script's code, which may run only on the script's thread.
    bool runs_script() const;
    /// A checksum that distinguishes data sets with the same name and size. It covers all labels,
    /// and the data that the source and the transforms add. It is the same on every machine.
    std::string fingerprint() const;

    /// The first `n` images in a random order determined by `seed` or, for n = 0, all images in the
    /// order of this view. Throws Error unless 0 <= n <= size().
    Dataset subset(int64_t n, uint64_t seed) const;
    /// Images begin .. end-1 of this view. Throws Error unless 0 <= begin < end <= size().
    Dataset slice(int64_t begin, int64_t end) const;
    /// `n` images of each class, drawn with `seed`, in the order of this view. Throws Error naming
    /// a class that has fewer images.
    Dataset per_class(int64_t n, uint64_t seed) const;
    /// The same images with a fixed permutation of their labels, which depends only on `seed`.
    Dataset shuffle_labels(uint64_t seed) const;
    /// The same images with these labels, non-negative int64 or uint8 [size()]. Throws Error for
    /// other labels.
    Dataset with_labels(const at::Tensor& labels) const;
    /// The images at `positions` (int64) of this view, in that order. Positions may repeat.
    Dataset select(const at::Tensor& positions) const;
    /// Like select() above, but adds `what` to the name.
    Dataset select(const at::Tensor& positions, const std::string& what) const;
    /// The images of this view after one more transform.
    Dataset transformed(std::shared_ptr<const Transform> transform) const;
    /// The images of this view after a filter, or this view if the filter changes nothing. Throws
    /// Error for a radius that is negative or not finite.
    Dataset filtered(const Filter& filter) const;
    Dataset low_pass(double radius, frequency::Rule rule = {}, Rescale rescale = {}) const;
    Dataset high_pass(double radius, frequency::Rule rule = {}, Rescale rescale = {}) const;
    /// The images of this view, made from their picture files with a different recipe. Throws Error
    /// if they are not made from picture files, or if the view has transforms (the recipe must come
    /// first).
    Dataset with_recipe(const image_file::PictureRecipe& recipe) const;
    /// The same images, each decoded only once: see cached.h. A data set whose images are already
    /// in memory is returned unchanged. Any other data set must consist of picture files that are
    /// all read at the same size; otherwise, throws Error.
    Dataset cached(const std::filesystem::path& folder = {}) const;
    /// Returns cached() if the images come from picture files, nothing is random, and the images
    /// fit into free_pixel_memory(). Otherwise returns this view.
    Dataset cached_if_it_fits() const;
    /// The same images, without the transforms.
    Dataset untransformed() const;

    /// Returns the images at `positions` (int64 [n]) of this view as a batch of floats, after all
    /// transforms. Throws Error for a position outside the view, and for a sample that cannot be
    /// read.
    Batch batch(const at::Tensor& positions, const Draw& draw = {}) const;
    /// Returns the batch of the images begin .. end-1 of this view. Throws Error unless 0 <= begin
    /// < end <= size().
    Batch batch(int64_t begin, int64_t end, const Draw& draw = {}) const;

    /// The first half of batch(), for a Loader: allocates the memory into which the Loader's
    /// threads read these samples with source().read(). Throws Error if the samples differ in
    /// shape.
    at::Tensor make_room(const at::Tensor& samples) const;
    /// The second half of batch(): returns the batch of the images at `positions`, which have been
    /// read into `images`.
    Batch finish(const at::Tensor& images, const at::Tensor& positions, const Draw& draw) const;

    /// True if both views show the same samples in the same order with the same labels; the
    /// transforms may differ.
    bool same_images(const Dataset& other) const;

  private:
    void set_name(const std::string& untransformed);

    std::shared_ptr<const Source> source_;
    int64_t size_;
    /// int64 [size_], indices into source_; undefined means all samples in their original order.
    at::Tensor indices_;
    at::Tensor labels_;  ///< int32 [size_], or undefined; a million labels take 4 MB
    int64_t classes_;
    Transforms transforms_;
    Shape shape_;
    std::string untransformed_name_;
    std::string name_;  ///< including the transforms
};

/// Makes a data set from images (float32 or uint8 [N, C, H, W], on any device) and labels (int64
/// [N], or undefined). The images are shared, not copied. Throws Error for other tensors.
Dataset dataset_of(const at::Tensor& images, const at::Tensor& labels = {},
                   std::string name = "images", std::vector<std::string> class_names = {});

/// Returns one tensor of images per view, made from one batch of their common untransformed() view.
/// same_images() must hold for all of the views.
std::vector<at::Tensor> images_of(const std::vector<Dataset>& views, const Batch& untransformed);

/// The training and the test split of a data set.
struct Pair {
    Dataset train;
    Dataset test;
};

}  // namespace hfc::data
