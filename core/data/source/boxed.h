// Pictures with boxes as a source: files that are decoded when needed, and drawn shapes.
#pragma once

#include "base/bucket_sort.h"
#include "data/dataset.h"
#include "data/source.h"

#include <memory>
#include <string>
#include <vector>

namespace hfc::data {

/// What to do with a listed picture whose file is missing.
enum class Missing {
    error,  ///< throw Error, which names the first missing file and the number of missing files
    skip,   ///< leave it out, and say so in a note
};

/// Which number is used as the label of a category.
enum class LabelKind {
    classes,  ///< 0, 1, 2 ... in the order of the ids
    ids,      ///< the id, as in torchvision's detectors for COCO
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
    /// The objects for training: no crowds, and no objects that are difficult or have no size.
    std::vector<at::Tensor> targets(const at::Tensor& samples) const override;
    const Annotations* annotations() const override { return &annotations_; }
    void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const override;

  private:
    std::string name_;
    Annotations annotations_;
    std::vector<std::string> class_names_;  ///< by label
    std::vector<int64_t> labels_;           ///< one per category
    Shape largest_ = {3, 1, 1};
    Buckets objects_;  ///< buckets are pictures
};

/// What to read from COCO:DIR or VOC:DIR.
struct BoxedOptions {
    std::string train = {};  ///< the split to train on; empty: "train" for VOC, none for COCO
    std::string test = {};   ///< empty: "test" for VOC, "val2017" for COCO
    Missing missing = Missing::error;
    LabelKind labels = LabelKind::classes;
};

/// Pictures without an object are left out of the training split. If no training split is named,
/// the test split takes its place. Throws Error for missing or damaged files.
Pair load_coco(const std::filesystem::path& folder, const BoxedOptions& options,
               std::vector<std::string>* notes);
Pair load_voc(const std::filesystem::path& folder, const BoxedOptions& options,
              std::vector<std::string>* notes);

/// Makes a data set from annotations and the picture files in their directory.
Dataset boxed_pictures(const std::string& name, Annotations annotations,
                       const BoxedOptions& options, std::vector<std::string>* notes);

struct ShapesOptions {
    int64_t train = 300;      ///< pictures
    int64_t test = 100;       ///< pictures
    int64_t size = 96;        ///< sides in pixels, 48 to 512
    double low_radius = 6;    ///< stripes of the two low classes, in cycles per picture
    double high_radius = 24;  ///< stripes of the two high classes
    uint64_t seed = 0;
};

/// Makes a data set for which the right answer is known in advance: one to three rectangles with
/// few or many horizontal or vertical stripes, on a grey background with noise. The four classes
/// are low_horizontal, low_vertical, high_horizontal and high_vertical. A low-pass filter with a
/// radius between low_radius and high_radius removes the stripes of the last two classes.
Pair drawn_boxes(const ShapesOptions& options);

/// The pictures for which `keep` is true, and their objects.
Annotations with_pictures(const Annotations& all, const std::vector<bool>& keep);

/// Returns the annotations of a view's pictures in the order of their ids. Throws Error for a data
/// set without boxes, and for a picture that occurs twice in the view.
Annotations annotations_of(const Dataset& dataset);

}  // namespace hfc::data
