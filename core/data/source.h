// The source of a data set's samples.
#pragma once

#include "data/checksum.h"
#include "data/source/annotations.h"
#include "image_file/recipe.h"

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hfc::data {

/// Together with the index of a sample, this is the key of all random numbers for that sample.
struct Draw {
    uint64_t seed = 0;
    int64_t epoch = 0;
};

/// A single seed derived from the seed and the epoch, for random numbers that a whole training
/// batch shares.
uint64_t seed_of(const Draw& draw);

/// Channels, height and width of an image.
using Shape = std::array<int64_t, 3>;

/// A sample that could not be read.
struct BadSample {
    int64_t sample;  ///< the index in its source
    std::string reason;
};

/// Images numbered from 0. They never change, and they have the same shape unless shape_of() says
/// otherwise. To add a new kind of source, derive a class from this one.
class Source {
  public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    /// For messages: "cifar10 train".
    virtual const std::string& name() const = 0;
    /// The number of samples, at least 1.
    virtual int64_t size() const = 0;
    /// The shape of every image or, if the shapes differ, the largest height and width.
    virtual Shape shape() const = 0;
    virtual Shape shape_of(int64_t sample) const;
    /// at::kByte, which a Dataset converts to floats in [0,1], or at::kFloat, which it uses
    /// unchanged.
    virtual at::ScalarType dtype() const = 0;
    /// int64 [size()], zero-based; undefined if there are no labels.
    virtual at::Tensor labels() const = 0;
    /// The targets of `samples`, if targets are not single labels: one float32 tensor [n, 5] per
    /// sample, with a row (x1, y1, x2, y2, label) for each object. Empty if there are only
    /// labels().
    virtual std::vector<at::Tensor> targets(const at::Tensor& samples) const;
    /// All annotations of the objects, or null. Sample i is picture i.
    virtual const Annotations* annotations() const { return nullptr; }
    /// One name per class; empty if classes have no names.
    virtual const std::vector<std::string>& class_names() const;

    /// Reads `samples`, int64 [n] on the CPU with values from 0 to size() - 1, into `into`, a
    /// contiguous tensor [n, C, H, W] of dtype(). Several threads may call it at once, unless
    /// runs_script() is true. Throws Error for a sample that cannot be read.
    virtual void read(const at::Tensor& samples, const Draw& draw, at::Tensor& into) const = 0;

    /// Whether read() runs a script's code, which may run only on the script's thread.
    virtual bool runs_script() const { return false; }
    /// Whether reading a sample takes long enough for a Loader's threads to be worthwhile.
    virtual bool is_slow() const { return false; }

    /// The steps that the user has chosen for picture files, as shown in the names of views; "" if
    /// there are none.
    virtual std::string describe() const { return {}; }
    /// The same samples, made from their picture files with a different recipe. Throws Error if the
    /// samples are not picture files.
    virtual std::shared_ptr<const Source> with_recipe(
        const image_file::PictureRecipe& recipe) const;
    /// How picture files are read, if there are any.
    virtual image_file::PictureOptions picture_options() const { return {}; }

    /// Adds data that distinguishes sources with the same name and size, based on at least some of
    /// `samples`. The data must be the same on every machine.
    virtual void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const = 0;

  protected:
    /// Adds up to 64 images spread over `samples`, for sources that are fast to read.
    void add_images(Checksum& checksum, const at::Tensor& samples) const;
};

}  // namespace hfc::data
