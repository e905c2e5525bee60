// hfc.detection: boxes as tensors.
#include "detection/boxes.h"

#include "bindings/hfc/detection.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "detection/draw.h"

#include <ATen/ATen.h>

namespace hfc::lua {
namespace {

at::Tensor boxes_argument(Call& call, int position, const char* parameter) {
    const at::Tensor boxes = tensor_argument(call, position, parameter);
    require(boxes.defined() && boxes.dim() == 2 && boxes.size(1) == 4 && boxes.is_floating_point(),
            "{}: expected a floating-point Tensor [n, 4] with rows x1, y1, x2, y2, got {}",
            call.argument(position, parameter).name(),
            boxes.defined() ? describe_tensor(boxes) : "nothing");
    return boxes;
}

int box_iou(Call& call) {
    auto options = call.options(3);
    const bool generalized = options.boolean("generalized", false);
    options.finish();
    const auto a = boxes_argument(call, 1, "a");
    const auto b = boxes_argument(call, 2, "b");
    return call.returns(generalized ? detection::generalized_iou(a, b) : detection::iou(a, b));
}

int box_nms(Call& call) {
    const auto boxes = boxes_argument(call, 1, "boxes");
    const at::Tensor scores = tensor_argument(call, 2, "scores");
    auto options = call.options(3);
    const auto threshold = options.number("threshold", 0.5);
    at::Tensor labels;
    options.with("labels", [&](const Value& value) { labels = value.object<LuaTensor>().tensor; });
    options.finish();
    return call.returns(labels.defined()
                            ? detection::nms_of_labels(boxes, scores, labels, threshold)
                            : detection::nms(boxes, scores, threshold));
}

int draw_boxes(Call& call) {
    call.at_most(3);
    const at::Tensor image = tensor_argument(call, 1, "image");
    const auto boxes = boxes_argument(call, 2, "boxes");
    auto options = call.options(3);
    detection::Pen pen;
    const auto colour = options.numbers("colour", {pen.colour.begin(), pen.colour.end()});
    require(colour.size() == 3,
            "option 'colour': expected three numbers in [0,1] (red, green, blue), got {}",
            colour.size());
    std::ranges::copy(colour, pen.colour.begin());
    pen.dashed = options.boolean("dashed", pen.dashed);
    pen.width = options.integer("width", pen.width);
    options.finish();
    return call.returns(detection::draw_boxes(image, boxes, pen));
}

const std::vector<Declaration> box_declarations = {
    {"hfc.detection.iou", box_iou,
     "hfc.detection.iou(a, b, {generalized = false}) -> Tensor [n, m]\n\n"
     "Returns the intersection over union of each box in `a` [n, 4] with each box in `b` [m, 4]. "
     "The rows contain x1, y1, x2, y2. generalized: if true, returns Rezatofighi's generalized "
     "version, which is negative for boxes that are far apart."},
    {"hfc.detection.nms", box_nms,
     "hfc.detection.nms(boxes, scores, {threshold = 0.5, labels = Tensor}) -> Tensor int64\n\n"
     "Performs non-maximum suppression: in order of descending score, each box removes the later "
     "boxes that overlap it by more than the threshold. If `labels` (int64 [n]) is given, a box "
     "removes only boxes with the same label. Returns the indices of the remaining boxes in order "
     "of descending score, like torchvision's nms and batched_nms. boxes: float32 [n, 4]. scores: "
     "float32 [n]."},
    {"hfc.detection.draw", draw_boxes,
     "hfc.detection.draw(image, boxes, {colour = {1, 0, 0}, dashed = false, width = 1}) -> "
     "Tensor\n\n"
     "Returns a copy of an image, float32 [3, H, W], with the edges of boxes [n, 4] drawn on it."},
};

}  // namespace

namespace detail {

void register_detection_boxes(lua_State* L) {
    declare(L, box_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
