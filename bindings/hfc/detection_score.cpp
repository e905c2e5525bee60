// hfc.detection: scoring.
#include "detection/average_precision.h"

#include "bindings/hfc/detection.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "data/source/boxed.h"
#include "data/source/coco.h"
#include "data/source/voc.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdio>
#include <unordered_map>

namespace hfc::lua {
namespace {

using data::Annotations;
using detection::Detection;

constexpr auto voc_prefix = "voc:";

Annotations read_annotations(const std::string& name, const std::string& part) {
    auto truth = name.starts_with(voc_prefix)
                     ? data::read_voc_part(name.substr(std::string(voc_prefix).size()), part)
                     : data::read_coco(name);
    for (const auto& note : truth.notes) {
        std::fprintf(stderr, "hfc-host: %s\n", note.c_str());
    }
    return truth;
}

template <typename Listed>
int64_t place_of_id(const std::vector<Listed>& all, int64_t id, const char* field, size_t row) {
    const auto found = std::ranges::lower_bound(all, id, {}, &Listed::id);
    require(found != all.end() && found->id == id,
            "option 'detections': row {}: {} {} is not in the annotations", row, field, id);
    return found - all.begin();
}

/// Reads a list of rows in COCO's results format.
std::vector<Detection> read_rows(lua_State* L, int list, const Annotations& truth) {
    std::vector<Detection> found(lua_objlen(L, list));
    for (size_t i = 0; i < found.size(); ++i) {
        lua_rawgeti(L, list, static_cast<int>(i) + 1);
        require(lua_istable(L, -1), "option 'detections': row {} must be a table", i + 1);
        const int row = lua_gettop(L);
        const auto number = [&](const char* field) {
            lua_getfield(L, row, field);
            const auto value = Value(L, lua_gettop(L),
                                     fmt::format("option 'detections': row {}: '{}'", i + 1, field))
                                   .number();
            lua_pop(L, 1);
            return value;
        };
        auto& one = found[i];
        one.picture = place_of_id(truth.pictures, static_cast<int64_t>(number("image_id")),
                                  "image_id", i + 1);
        one.category = place_of_id(truth.categories, static_cast<int64_t>(number("category_id")),
                                   "category_id", i + 1);
        one.score = number("score");
        lua_getfield(L, row, "bbox");
        const auto box =
            Value(L, lua_gettop(L), fmt::format("option 'detections': row {}: 'bbox'", i + 1))
                .numbers();
        require(
            box.size() == 4,
            "option 'detections': row {}: 'bbox' must contain four numbers (x, y, width, height), "
            "got {}",
            i + 1, box.size());
        std::ranges::copy(box, one.box.begin());
        lua_settop(L, row - 1);
    }
    return found;
}

at::Tensor to_tensor_of(const std::vector<double>& values, at::IntArrayRef shape) {
    return at::tensor(values, at::kDouble).reshape(shape);
}

void push_classes(lua_State* L, const Annotations& truth, const std::vector<double>& per_class) {
    lua_createtable(L, 0, static_cast<int>(per_class.size()));
    for (size_t i = 0; i < per_class.size(); ++i) {
        set_field(L, truth.categories[i].name.c_str(), per_class[i]);
    }
    lua_setfield(L, -2, "per_class");
    lua_createtable(L, static_cast<int>(truth.categories.size()), 0);
    for (size_t i = 0; i < truth.categories.size(); ++i) {
        push(L, truth.categories[i].name);
        lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
    lua_setfield(L, -2, "class_names");
}

void push_coco_score(lua_State* L, const Annotations& truth, const std::vector<Detection>& found) {
    const auto score = detection::coco_score(truth, found);
    for (const auto& note : score.notes) {
        std::fprintf(stderr, "hfc-host: %s\n", note.c_str());
    }
    lua_createtable(L, 0, 18);
    for (size_t i = 0; i < score.figures.size(); ++i) {
        set_field(L, detection::coco_figures[i], score.figures[i]);
    }
    push_classes(L, truth, score.per_class);
    const auto pictures = static_cast<int64_t>(truth.pictures.size());
    set_field(L, "per_image", to_tensor_of(score.per_image, {pictures}));
    set_field(L, "per_image_class",
              to_tensor_of(score.per_image_class,
                           {pictures, static_cast<int64_t>(truth.categories.size())}));
    std::vector<int64_t> ids;
    std::ranges::transform(truth.pictures, std::back_inserter(ids), &data::ListedPicture::id);
    set_field(L, "image_ids", ids);
}

void push_voc_score(lua_State* L, const Annotations& truth, const std::vector<Detection>& found,
                    detection::VocRule rule) {
    const auto score = detection::voc_score(truth, found, rule);
    lua_createtable(L, 0, 3);
    set_field(L, "ap", score.ap);
    push_classes(L, truth, score.per_class);
}

/// The annotations and detections that the options specify.
detection::FoundInSet read_scored(lua_State* L, Options& options) {
    const auto part = options.text("part", "test");
    detection::FoundInSet scored;
    options.with("detections", [&](const Value& value) {
        if (const auto* found = to_object<detection::FoundInSet>(L, value.index())) {
            scored = *found;
        }
    });
    bool given = scored.truth != nullptr;
    options.with("annotations", [&](const Value& value) {
        const auto* dataset = to_object<data::Dataset>(L, value.index());
        scored.truth = std::make_shared<Annotations>(dataset != nullptr
                                                         ? data::annotations_of(*dataset)
                                                         : read_annotations(value.text(), part));
    });
    require(scored.truth != nullptr,
            "option 'annotations' is missing: expected a Dataset for object detection, the name of "
            "a COCO annotation file, or \"voc:DIR\"");
    options.with("detections", [&](const Value& value) {
        if (given) {
            return;
        }
        given = true;
        scored.rows = lua_istable(L, value.index())
                          ? read_rows(L, value.index(), *scored.truth)
                          : detection::read_detections(value.text(), *scored.truth);
    });
    require(given,
            "option 'detections' is missing: expected Detections, the name of a result file, or a "
            "list of rows");
    return scored;
}

int score_detections(Call& call) {
    call.at_most(1);
    auto options = call.options(1);
    const auto rule = options.text("rule", "coco");
    require(rule == "coco" || rule == "voc2007" || rule == "voc2010",
            "option 'rule': expected \"coco\", \"voc2007\" or \"voc2010\", got \"{}\"", rule);
    const auto scored = read_scored(call.L, options);
    options.finish();
    if (rule == "coco") {
        push_coco_score(call.L, *scored.truth, scored.rows);
    } else {
        push_voc_score(
            call.L, *scored.truth, scored.rows,
            rule == "voc2007" ? detection::VocRule::voc2007 : detection::VocRule::voc2010);
    }
    return 1;
}

const std::vector<Declaration> score_declarations = {
    {"hfc.detection.score", score_detections,
     "hfc.detection.score {annotations = Dataset or FILE, detections = Detections, FILE or list, "
     "rule = \"coco\", part = \"test\"} -> {ap = n, ap50 = n, ...}\n\n"
     "Returns the average precision of detections, which may come from any detector.\n"
     "annotations: a detection data set, a file with COCO annotations, or \"voc:DIR\" for the "
     "split `part` of a data set in Pascal VOC's format. If `detections` is a Detections object, "
     "you can leave out `annotations`. detections: the result of hfc.detection.detect, a file in "
     "COCO's result format, or a list of rows {image_id = id, category_id = id, bbox = {x, y, "
     "width, height}, score = s}. In a VOC data set, images are numbered from 1 in the order of "
     "the image list, and classes from 1 in the order of their names.\n"
     "rule = \"coco\" returns pycocotools' twelve metrics ap, ap50, ap75, small, medium, large, "
     "ar1, ar10, ar100, ar_small, ar_medium and ar_large. It also returns per_class, a table keyed "
     "by class name; class_names; per_image, float64 [images], the ap of each image computed as if "
     "it were the whole data set; per_image_class, float64 [images, classes]; and image_ids, a "
     "list. A metric for which there are no objects is -1. rule = \"voc2007\" (eleven points) and "
     "\"voc2010\" (the area under the curve) return ap and per_class at an IoU above .5.\n"
     "Errors: damaged files (the message names the byte or the entry), an image or a class that is "
     "not in the annotations, a box or a score that is not finite, a negative width or height."},
};

}  // namespace

namespace detail {

void register_detection_scores(lua_State* L) {
    declare(L, score_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
