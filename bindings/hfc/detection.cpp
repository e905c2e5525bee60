// hfc.detection: detectors and their detections.
#include "bindings/hfc/detection.h"

#include "base/device.h"
#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "data/source/boxed.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::lua {
namespace {

using detection::FoundInSet;

detection::DetectorPtr to_detector(const Value& value) {
    auto detector = std::dynamic_pointer_cast<detection::Detector>(value.object<model::ModelPtr>());
    if (!detector) {
        value.expected("a detector from hfc.detection.model");
    }
    return detector;
}

int make_detector_model(Call& call) {
    call.at_most(2);
    const auto name = call.argument(1, "name").text();
    auto options = call.options(2);
    detection::DetectorOptions settings;
    settings.classes = options.integer("classes", settings.classes);
    settings.min_size = options.integer("min_size", settings.min_size);
    settings.max_size = options.integer("max_size", std::max(settings.max_size, settings.min_size));
    settings.score_threshold = options.number("score_threshold", settings.score_threshold);
    settings.nms_threshold = options.number("nms_threshold", settings.nms_threshold);
    settings.candidates = options.integer("candidates", settings.candidates);
    settings.detections = options.integer("detections", settings.detections);
    settings.anchor_size = options.integer("anchor_size", settings.anchor_size);
    const auto weights = options.text("weights", "");
    settings.frozen_norms = options.boolean("frozen_norms", !weights.empty());
    settings.norm_epsilon = options.number("norm_epsilon", settings.norm_epsilon);
    settings.trained_layers = options.integer("trained_layers", weights.empty() ? 5 : 3);
    settings.seed = static_cast<uint64_t>(options.integer("seed", 0));
    options.finish();
    auto detector = detection::make_detector(name, settings);
    if (!weights.empty()) {
        detector->load_weights(tensor_file::load(weights));
    }
    return call.returns_object(model::ModelPtr(detector));
}

void push_found(lua_State* L, const detection::Found& found) {
    lua_createtable(L, 0, 3);
    set_field(L, "boxes", found.boxes);
    set_field(L, "scores", found.scores);
    set_field(L, "labels", found.labels);
}

/// A list of pictures, or a batch of them.
std::vector<at::Tensor> pictures_argument(Call& call) {
    const auto value = call.argument(2, "pictures");
    if (const auto* tensor = to_tensor(call.L, 2)) {
        require(tensor->dim() == 3 || tensor->dim() == 4,
                "{}: expected a Tensor [3, H, W] or [n, 3, H, W], got [{}]", value.name(),
                fmt::join(tensor->sizes(), ", "));
        return tensor->dim() == 3 ? std::vector<at::Tensor>{*tensor} : tensor->unbind(0);
    }
    if (!lua_istable(call.L, 2)) {
        value.expected("a Dataset for object detection, a Tensor or a list of Tensors [3, H, W]");
    }
    std::vector<at::Tensor> pictures;
    for (size_t i = 0; i < lua_objlen(call.L, 2); ++i) {
        lua_rawgeti(call.L, 2, static_cast<int>(i) + 1);
        pictures.push_back(
            Value(call.L, lua_gettop(call.L), fmt::format("{}, image {}", value.name(), i + 1))
                .object<LuaTensor>()
                .tensor);
        lua_pop(call.L, 1);
    }
    return pictures;
}

int detect_objects(Call& call) {
    call.at_most(3);
    const auto detector = to_detector(call.argument(1, "detector"));
    const auto* dataset = to_object<data::Dataset>(call.L, 2);
    if (dataset == nullptr) {
        const auto pictures = pictures_argument(call);
        const model::EvaluationScope evaluation(*detector);
        lua_createtable(call.L, static_cast<int>(pictures.size()), 0);
        int place = 0;
        for (const auto& found : detector->detect(pictures)) {
            push_found(call.L, found);
            lua_rawseti(call.L, -2, ++place);
        }
        return 1;
    }
    auto options = call.options(3);
    detection::DetectOptions settings;
    options.with("batch_size", [&](const Value& value) { settings.batch_size = value.integer(); });
    options.finish();
    SlowProgress progress("hfc.detection.detect");
    settings.after_batch = [&](double fraction) {
        progress.tell(fmt::format("{:.0f} %", 100 * fraction));
    };
    const data::Dataset kept = *dataset;
    return call.returns_object(detection::detect(*detector, kept, settings));
}

/// By value, because the object may be collected while Lua code runs.
FoundInSet self_found(Call& call) {
    return call.argument(1, "detections").object<FoundInSet>();
}

int save_found(Call& call) {
    call.at_most(2);
    const auto found = self_found(call);
    detection::write_detections(call.argument(2, "file").text(), found.rows, *found.truth);
    return 0;
}

/// A list {image_id, category_id, bbox, score}.
int rows_of_found(Call& call) {
    call.at_most(1);
    const auto found = self_found(call);
    lua_createtable(call.L, static_cast<int>(found.rows.size()), 0);
    int place = 0;
    for (const auto& row : found.rows) {
        lua_createtable(call.L, 0, 4);
        set_field(call.L, "image_id", found.truth->pictures[static_cast<size_t>(row.picture)].id);
        set_field(call.L, "category_id",
                  found.truth->categories[static_cast<size_t>(row.category)].id);
        set_field(call.L, "bbox", std::vector<double>(row.box.begin(), row.box.end()));
        set_field(call.L, "score", row.score);
        lua_rawseti(call.L, -2, ++place);
    }
    return 1;
}

/// Boxes x1, y1, x2, y2 of rows that have a box.
template <typename Row>
at::Tensor boxes_of(const std::vector<Row>& rows) {
    std::vector<float> values;
    for (const auto& row : rows) {
        const auto& [x, y, width, height] = row.box;
        for (const auto value : {x, y, x + width, y + height}) {
            values.push_back(static_cast<float>(value));
        }
    }
    return at::tensor(values, at::kFloat).view({-1, 4});
}

template <typename Row, typename Number>
at::Tensor numbers_of(const std::vector<Row>& rows, at::ScalarType dtype, Number&& number) {
    std::vector<double> values;
    std::ranges::transform(rows, std::back_inserter(values), number);
    return at::tensor(values, at::kDouble).to(dtype);
}

int found_in_picture(Call& call) {
    call.at_most(2);
    const auto found = self_found(call);
    const auto value = call.argument(2, "picture");
    const auto picture = value.integer();
    const auto pictures = std::ssize(found.truth->pictures);
    require(picture >= 0 && picture < pictures,
            "{}: expected an index from 0 to {} (images are ordered by id), got {}", value.name(),
            pictures - 1, picture);
    std::vector<detection::Detection> rows;
    std::ranges::copy_if(found.rows, std::back_inserter(rows),
                         [&](const auto& row) { return row.picture == picture; });
    lua_createtable(call.L, 0, 3);
    set_field(call.L, "boxes", boxes_of(rows));
    set_field(call.L, "scores",
              numbers_of(rows, at::kFloat, [](const auto& row) { return row.score; }));
    set_field(call.L, "labels", numbers_of(rows, at::kLong, [](const auto& row) {
                  return static_cast<double>(row.category);
              }));
    return 1;
}

int target_of_picture(Call& call) {
    call.at_most(2);
    const data::Dataset dataset = call.argument(1, "dataset").object<data::Dataset>();
    const auto value = call.argument(2, "i");
    const auto position = value.integer();
    require(position >= 0 && position < dataset.size(),
            "{}: expected an index from 0 to {}, got {}", value.name(), dataset.size() - 1,
            position);
    const auto truth = data::annotations_of(dataset.slice(position, position + 1));
    const auto& picture = truth.pictures.front();
    lua_createtable(call.L, 0, 6);
    set_field(call.L, "boxes", boxes_of(truth.objects));
    set_field(call.L, "labels", numbers_of(truth.objects, at::kLong, [](const auto& one) {
                  return static_cast<double>(one.category);
              }));
    set_field(call.L, "area",
              numbers_of(truth.objects, at::kDouble, [](const auto& one) { return one.area; }));
    set_field(call.L, "ignored", numbers_of(truth.objects, at::kBool, [](const auto& one) {
                  return one.is_ignored() ? 1.0 : 0.0;
              }));
    set_field(call.L, "image_id", picture.id);
    set_field(call.L, "file", picture.file);
    return 1;
}

int number_of_detections(lua_State* L) {
    return guarded(L, "#", [&] {
        push(L, std::ssize(Value(L, 1, "detections").object<FoundInSet>().rows));
        return 1;
    });
}

const std::vector<Declaration> detector_declarations = {
    {"hfc.detection.model", make_detector_model,
     "hfc.detection.model(name, {classes = 91, weights = FILE, min_size = 800, max_size = 1333, "
     "score_threshold = 0.05, nms_threshold = 0.5, candidates = 1000, detections = 300, "
     "anchor_size = n, frozen_norms = false, norm_epsilon = 1e-5, trained_layers = 5, seed = 0}) "
     "-> Model\n\n"
     "Returns an object detector: RetinaNet (Lin et al. 2017), as torchvision builds it. "
     "\"retinanet_resnet50_fpn\" has the same weight names as torchvision's model. "
     "\"retinanet_resnet18_fpn\" has a smaller backbone. \"retinanet_small\" has one basic block "
     "per stage with widths 32 to 256, a pyramid with 64 channels and anchors from 16 pixels, for "
     "training on a few cores.\n"
     "weights: a file from torchvision; older files with different weight names work, too. If you "
     "load weights, by default the normalisation layers are frozen and only the last three layers "
     "of the backbone are trained. The published COCO file needs norm_epsilon = 0 and a data set "
     "with labels = \"ids\".\n"
     "The short side of an image is resized to min_size pixels, unless its long side would exceed "
     "max_size. candidates: the maximum number of candidates per image and level of the pyramid. "
     "hfc.train(net, data, {loss = \"detection\"}) trains the network and measures COCO's average "
     "precision on its probes. net(images) returns the outputs of the heads, [n, anchors, classes "
     "+ 4].\n"
     "Errors: an unknown name, an option out of range, weights that do not match (the message "
     "shows the first name that does not match)."},
    {"hfc.detection.detect", detect_objects,
     "hfc.detection.detect(detector, dataset, {batch_size = n}) -> Detections\n"
     "hfc.detection.detect(detector, pictures) -> list of {boxes = Tensor, scores = Tensor, labels "
     "= Tensor}\n\n"
     "Returns the detections of a detector. dataset: a detection data set or a view of one, for "
     "example from low_pass, high_pass or map. pictures: a Tensor float32 [3, H, W] in [0,1], a "
     "list of such Tensors, or a Tensor [n, 3, H, W]. boxes: float32 [n, 4], x1, y1, x2, y2 in "
     "pixels, sorted by descending score. batch_size: by default 8 if all images have the same "
     "size, otherwise 1, because padding changes the results.\n"
     "Errors: a network that is not a detector, a data set without boxes."},
    {"Detections:save", save_found,
     "detections:save(file)\n\n"
     "Writes a file in COCO's result format, which hfc.detection.score and other programs can "
     "read."},
    {"Detections:rows", rows_of_found,
     "detections:rows() -> list\n\n"
     "Returns a list of rows {image_id = id, category_id = id, bbox = {x, y, width, height}, score "
     "= s}."},
    {"Detections:of", found_in_picture,
     "detections:of(picture) -> {boxes = Tensor, scores = Tensor, labels = Tensor}\n\n"
     "Returns the detections in one image. picture: the position of the image, counted from 0 in "
     "the order of the image ids, as in score.per_image. labels: the indices of the classes, "
     "counted from 0."},
    {"Dataset:target", target_of_picture,
     "dataset:target(i) -> {boxes = Tensor, labels = Tensor, area = Tensor, ignored = Tensor, "
     "image_id = n, file = string}\n\n"
     "Returns the objects in image i (counted from 0) of a detection data set. boxes: float32 [n, "
     "4], x1, y1, x2, y2 in pixels. labels: the indices of the classes, counted from 0. ignored: "
     "marks crowds and difficult objects, which the score ignores."},
};

}  // namespace

namespace detail {

void register_detection(lua_State* L) {
    static const bool known = [] {
        train::add_objective(detection::detection_objective());
        return true;
    }();
    static_cast<void>(known);
    register_type<FoundInSet>(L);
    declare(L, detector_declarations);
    register_detection_scores(L);
    register_detection_boxes(L);
    set_metamethod(L, "Detections", "__len", number_of_detections);
}

}  // namespace detail
}  // namespace hfc::lua
