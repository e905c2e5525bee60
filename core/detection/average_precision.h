// Average precision of detections by the rules of COCO and of Pascal VOC. Plain vectors, no
// tensors.
#pragma once

#include "base/bucket_sort.h"
#include "detection/detections.h"

#include <array>
#include <string>
#include <vector>

namespace hfc::detection {

/// -1 stands for a figure without an object to count.
constexpr double no_figure = -1;

/// The names of the twelve figures of COCO, in its order: ap, ap50, ap75, small, medium, large,
/// ar1, ar10, ar100, ar_small, ar_medium, ar_large.
extern const std::array<const char*, 12> coco_figures;

struct CocoScore {
    std::array<double, 12> figures = {};
    std::vector<double> per_class;        ///< AP of each category
    std::vector<double> per_class_50;     ///< AP of each category at the IoU of .5
    std::vector<double> per_image;        ///< AP of each picture as if it were the whole set
    std::vector<double> per_image_class;  ///< the same of each category: [pictures][categories]
    std::vector<std::string> notes;       ///< what makes the figures differ from what one expects
};

/// The rules of pycocotools for boxes, with its numbers. Difficult objects are ignored as crowds
/// are, but hold one detection each. Throws Error as require_valid() does.
CocoScore coco_score(const data::Annotations& truth, const std::vector<Detection>& found);

enum class VocRule {
    voc2007,  ///< the mean of the best precision at eleven recalls
    voc2010,  ///< the area below the curve
};

struct VocScore {
    double ap = no_figure;  ///< the mean over the categories with objects
    std::vector<double> per_class;
};

/// The rules of Pascal VOC at an IoU above .5: a detection looks at its best object alone, a second
/// hit of an object is wrong, difficult objects count neither way. Boxes are taken as the reader of
/// VOC files gives them, so that the "+1" of VOC's own sides is in them. Throws Error as
/// require_valid() does.
VocScore voc_score(const data::Annotations& truth, const std::vector<Detection>& found,
                   VocRule rule);

/// Intersection over union; over the area of `a` alone where `b` is a crowd.
double overlap(const data::Rectangle& a, const data::Rectangle& b, bool crowd = false);

/// Detections and objects of one category in one picture, which a bucket sort has put together.
class Cells {
  public:
    Cells(const data::Annotations& truth, const std::vector<Detection>& found);
    /// Indices into `found`, by falling score, equal ones in their order.
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
