// Pictures with boxes as a source: files that are decoded as they are asked for, and drawn shapes.
#pragma once

#include "base/bucket_sort.h"
#include "data/dataset.h"
#include "data/source.h"

#include <memory>
#include <string>
#include <vector>

namespace hfc::data {

/// A picture without its file.
enum class Missing {
    error,  ///< Error names the first and says how many
    skip,   ///< it is left out, which a note tells
};

/// Which number stands for a category.
enum class LabelKind {
    classes,  ///< 0, 1, 2 ... in the order of the ids
    ids,      ///< the id, as torchvision's detectors of COCO have them
};

/// A source whose targets are boxes. Its pictures may differ in size.
class BoxSource : public Source {
  public:
    BoxSource(std::string name, Annotations annotations, LabelKind labels = LabelKind::classes);

    const std::string& name() const override { return name_; }
    int64_t size() const override { return std::ssize(annotations_.pictures); }
    Shape shape() const override { return largest_; }
    Shape shape_of(int64_t sample) const override;
    at::ScalarType dtype() const override { return at::kByte; }
    at::Tensor labels() const override { return {}; }
    const std::vector<std::string>& class_names() const override { return class_names_; }
    /// Of objects to train on: no crowds, none that are difficult or have no size.
    std::vector<at::Tensor> targets(const at::Tensor& samples) const override;
    const Annotations* annotations() const override { return &annotations_; }
    void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const override;

  private:
    std::string name_;
    Annotations annotations_;
    std::vector<std::string> class_names_;  ///< by label
    std::vector<int64_t> labels_;           ///< of each category
    Shape largest_ = {3, 1, 1};
    Buckets objects_;  ///< by picture
};

/// What to read of COCO:DIR or VOC:DIR.
struct BoxedOptions {
    std::string train = {};  ///< the part to train on; empty: "train" of VOC, none of COCO
    std::string test = {};   ///< empty: "test" of VOC, "val2017" of COCO
    Missing missing = Missing::error;
    LabelKind labels = LabelKind::classes;
};

/// Pictures without an object to train on are left out of the training part; where none is named,
/// the test part stands in its place. Throws Error for what is missing or damaged.
Pair load_coco(const std::filesystem::path& folder, const BoxedOptions& options,
               std::vector<std::string>* notes);
Pair load_voc(const std::filesystem::path& folder, const BoxedOptions& options,
              std::vector<std::string>* notes);

/// The pictures of annotations, from files in their folder.
Dataset boxed_pictures(const std::string& name, Annotations annotations,
                       const BoxedOptions& options, std::vector<std::string>* notes);

struct ShapesOptions {
    int64_t train = 300;      ///< pictures
    int64_t test = 100;       ///< pictures
    int64_t size = 96;        ///< sides in pixels, 48 to 512
    double low_radius = 6;    ///< of the two low classes' stripes, in cycles a picture
    double high_radius = 24;  ///< of the two high classes' stripes
    uint64_t seed = 0;
};

/// A set whose answer is known: one to three rectangles of horizontal or vertical stripes, few or
/// many, before grey with noise. The four classes are low_horizontal, low_vertical,
/// high_horizontal and high_vertical: a low-pass between the radii makes the last two vanish.
Pair drawn_boxes(const ShapesOptions& options);

/// The pictures for which `keep` is true, and their objects.
Annotations with_pictures(const Annotations& all, const std::vector<bool>& keep);

/// The annotations of a view's pictures in the order of their ids. Throws Error where a data set
/// has no boxes, and for a picture that stands in the view twice.
Annotations annotations_of(const Dataset& dataset);

}  // namespace hfc::data
