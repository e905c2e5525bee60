// Where the samples of a data set come from.
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

/// What random numbers are drawn for: together with the index of a sample, the key of all that is
/// drawn for it.
struct Draw {
    uint64_t seed = 0;
    int64_t epoch = 0;
};

/// One seed for both, for what is drawn in a batch that is trained on.
uint64_t seed_of(const Draw& draw);

/// Channels, height and width of an image.
using Shape = std::array<int64_t, 3>;

/// A sample that cannot be read.
struct BadSample {
    int64_t sample;  ///< its index in the source
    std::string reason;
};

/// Images, numbered from 0, which never change; of one shape, unless shape_of() says otherwise. A
/// new kind of source is a class made from this one.
class Source {
  public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    /// For messages: "cifar10 train".
    virtual const std::string& name() const = 0;
    /// At least 1.
    virtual int64_t size() const = 0;
    /// Of every image; where they differ, the largest sides.
    virtual Shape shape() const = 0;
    virtual Shape shape_of(int64_t sample) const;
    /// at::kByte, which a Dataset makes floats in [0,1], or at::kFloat, which it leaves as it is.
    virtual at::ScalarType dtype() const = 0;
    /// int64 [size()], zero-based; undefined where none are known.
    virtual at::Tensor labels() const = 0;
    /// What is to be found in each of `samples`, where that is not one label: a tensor a sample,
    /// float32 [n, 5], a row x1, y1, x2, y2 and label for each object. Empty: labels() are all.
    virtual std::vector<at::Tensor> targets(const at::Tensor& samples) const;
    /// All that is known of the objects; null where there are none. Sample i is picture i.
    virtual const Annotations* annotations() const { return nullptr; }
    /// One a class; empty: classes have no names.
    virtual const std::vector<std::string>& class_names() const;

    /// Reads `samples`, int64 [n] on the CPU, each in 0 to size() - 1, into `into`, a contiguous
    /// tensor [n, C, H, W] of dtype(). Several threads may call it at once, unless runs_script().
    /// Throws Error for a sample that cannot be read.
    virtual void read(const at::Tensor& samples, const Draw& draw, at::Tensor& into) const = 0;

    /// Whether read() runs code of a script, which the thread of the script alone may do.
    virtual bool runs_script() const { return false; }
    /// Whether read() takes long enough, a sample, for threads of a Loader to pay.
    virtual bool is_slow() const { return false; }

    /// What was chosen to be done to each sample, for the names of views; "" for nothing.
    virtual std::string describe() const { return {}; }
    /// The same samples made from their picture files by another recipe. Throws Error where the
    /// samples are no picture files.
    virtual std::shared_ptr<const Source> with_recipe(
        const image_file::PictureRecipe& recipe) const;
    /// How picture files are read, where there are some.
    virtual image_file::PictureOptions picture_options() const { return {}; }

    /// Adds what tells sources of one name and size apart, at least by some of `samples`. The same
    /// on every machine.
    virtual void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const = 0;

  protected:
    /// Adds up to 64 images spread over `samples`, for sources that read fast.
    void add_images(Checksum& checksum, const at::Tensor& samples) const;
};

}  // namespace hfc::data
