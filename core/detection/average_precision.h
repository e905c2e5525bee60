// Average precision of detections by the rules of COCO and of Pascal VOC. Uses plain vectors, no
// tensors.
#pragma once

#include "base/bucket_sort.h"
#include "detection/detections.h"

#include <array>
#include <string>
#include <vector>

namespace hfc::detection {

/// The value of a metric if there are no objects to count.
constexpr double no_figure = -1;

/// The names of COCO's twelve metrics, in its order: ap, ap50, ap75, small, medium, large, ar1,
/// ar10, ar100, ar_small, ar_medium, ar_large.
extern const std::array<const char*, 12> coco_figures;

struct CocoScore {
    std::array<double, 12> figures = {};
    std::vector<double> per_class;        ///< AP of each category
    std::vector<double> per_class_50;     ///< AP of each category at an IoU of .5
    std::vector<double> per_image;        ///< AP of each picture, as if it were the whole data set
    std::vector<double> per_image_class;  ///< the same for each category: [pictures][categories]
    std::vector<std::string> notes;       ///< why the metrics may differ from what the user expects
};

/// Scores boxes by the rules of pycocotools, and returns the same numbers. Difficult objects are
/// ignored like crowds, but each matches only one detection. Throws Error as require_valid() does.
CocoScore coco_score(const data::Annotations& truth, const std::vector<Detection>& found);

enum class VocRule {
    voc2007,  ///< the mean of the best precision at eleven recalls
    voc2010,  ///< the area below the curve
};

struct VocScore {
    double ap = no_figure;  ///< the mean over the categories that have objects
    std::vector<double> per_class;
};

/// Scores by the rules of Pascal VOC at an IoU above .5: a detection is compared only with the
/// object that it overlaps most, a second detection of an object counts as wrong, and detections of
/// difficult objects count neither as right nor as wrong. Boxes are used as the reader of VOC files
/// returns them, so their widths and heights include VOC's "+1". Throws Error as require_valid()
/// does.
VocScore voc_score(const data::Annotations& truth, const std::vector<Detection>& found,
                   VocRule rule);

/// Intersection over union. If `b` is a crowd, intersection over the area of `a`.
double overlap(const data::Rectangle& a, const data::Rectangle& b, bool crowd = false);

/// The detections and objects of each category in each picture, grouped by a bucket sort.
class Cells {
  public:
    Cells(const data::Annotations& truth, const std::vector<Detection>& found);
    /// Indices into `found`, by descending score; detections with equal scores keep their order.
    std::vector<int32_t> detections(int64_t picture, int64_t category) const;
    /// Indices into truth.objects, in their order.
    std::vector<int32_t> objects(int64_t picture, int64_t category) const;

  private:
    size_t cell(int64_t picture, int64_t category) const;
    static std::vector<int32_t> members(const Buckets& buckets, size_t i);
    int64_t categories_;
    Buckets detections_, objects_;
};

}  // namespace hfc::detection
