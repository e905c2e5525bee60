// The type Dataset and its views.
#include "base/error.h"
#include "bindings/hfc/batches.h"
#include "bindings/hfc/lua_data.h"
#include "bindings/hfc/pictures.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "data/readers.h"
#include "data/source/concat.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

namespace hfc::lua {
namespace {

using data::Dataset;

Dataset& self_dataset(Call& call) {
    return call.argument(1, "dataset").object<Dataset>();
}

/// A view of n images, drawn using a seed.
int drawn(Call& call, Dataset (Dataset::*draw)(int64_t n, uint64_t seed) const) {
    const int64_t n = call.argument(2, "n").integer();
    auto options = call.options(3);
    const auto seed = static_cast<uint64_t>(options.integer("seed", 0));
    options.finish();
    return call.returns_object((self_dataset(call).*draw)(n, seed));
}

int subset(Call& call) {
    return drawn(call, &Dataset::subset);
}

int slice(Call& call) {
    return call.returns_object(self_dataset(call).slice(call.argument(2, "begin").integer(),
                                                        call.argument(3, "end").integer()));
}

int per_class(Call& call) {
    return drawn(call, &Dataset::per_class);
}

int shuffle_labels(Call& call) {
    auto options = call.options(2);
    const auto seed = static_cast<uint64_t>(options.integer("seed", 0));
    options.finish();
    return call.returns_object(self_dataset(call).shuffle_labels(seed));
}

int filtered(Call& call, data::Part part) {
    data::Filter filter;
    filter.part = part;
    filter.radius = call.argument(2, "radius").number();
    auto options = call.options(3);
    filter.rule = frequency::parse_rule(options.text("rule", "<="));
    filter.rescale = data::parse_rescale(options.text("rescale", "none"));
    options.finish();
    return call.returns_object(self_dataset(call).filtered(filter));
}

int dataset_low_pass(Call& call) {
    return filtered(call, data::Part::low);
}

int dataset_high_pass(Call& call) {
    return filtered(call, data::Part::high);
}

void require_function(Call& call, int position) {
    const auto value = call.argument(position, "function");
    if (!lua_isfunction(call.L, position)) {
        value.expected("a function");
    }
    call.at_most(position);
}

int map(Call& call) {
    const Dataset dataset = self_dataset(call);
    require_function(call, 2);
    lua_pushvalue(call.L, 2);
    return call.returns_object(dataset.transformed(make_lua_transform(call.L, dataset)));
}

int transform(Call& call) {
    call.at_most(3);
    const Dataset dataset = self_dataset(call);
    return call.returns_object(dataset.with_recipe(recipe_argument(call, 2, dataset)));
}

int cache(Call& call) {
    call.at_most(2);
    const std::filesystem::path folder =
        call.given(2) ? call.argument(2, "folder").text() : std::string();
    return call.returns_object(self_dataset(call).cached(folder));
}

/// dataset:check(): reads every sample once.
int check(Call& call) {
    call.at_most(2);
    const Dataset dataset = self_dataset(call);
    auto options = call.options(2);
    const auto most = options.integer("most", data::most_bad_samples);
    options.finish();
    require(most >= 0, "option 'most': expected 0 (all) or more, got {}", most);
    const auto bad =
        data::read_all(dataset.source(), dataset.samples(), nullptr,
                       most == 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(most));
    lua_createtable(call.L, static_cast<int>(bad.size()), 0);
    for (size_t i = 0; i < bad.size(); ++i) {
        lua_createtable(call.L, 0, 2);
        set_field(call.L, "sample", bad[i].sample);
        set_field(call.L, "reason", bad[i].reason);
        lua_rawseti(call.L, -2, static_cast<int>(i) + 1);
    }
    return 1;
}

int filter(Call& call) {
    const Dataset dataset = self_dataset(call);
    require_function(call, 2);
    lua_pushvalue(call.L, 2);
    return call.returns_object(dataset.select(filter_positions(call.L, dataset), "filtered"));
}

int concat(Call& call) {
    std::vector<Dataset> parts = {self_dataset(call)};
    for (int i = 2; i <= std::max(2, call.count()); ++i) {
        parts.push_back(call.argument(i, "other").object<Dataset>());
    }
    return call.returns_object(Dataset(std::make_shared<data::ConcatSource>(parts)));
}

int with_labels(Call& call) {
    call.at_most(2);
    return call.returns_object(self_dataset(call).with_labels(tensor_argument(call, 2, "labels")));
}

int select(Call& call) {
    call.at_most(2);
    const auto positions = tensor_argument(call, 2, "positions");
    const auto name = call.argument(2, "positions").name();
    require(positions.dim() == 1 && positions.scalar_type() == at::kLong,
            "{}: expected a Tensor int64 [n], got {}", name, describe_tensor(positions));
    require(positions.numel() > 0, "{}: expected at least one position", name);
    return call.returns_object(self_dataset(call).select(
        positions.detach().cpu(), fmt::format("{} selected", positions.numel())));
}

/// The Datasets of a table of options, by name.
std::vector<std::pair<std::string, Dataset>> datasets_in(lua_State* L, int index) {
    std::vector<std::pair<std::string, Dataset>> datasets;
    if (index == 0) {
        return datasets;
    }
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (const auto* dataset = to_object<Dataset>(L, -1);
            dataset != nullptr && lua_type(L, -2) == LUA_TSTRING) {
            datasets.emplace_back(lua_tostring(L, -2), *dataset);
        }
    }
    return datasets;
}

/// dataset:probes {low = {...}, high = {...}, name = dataset}: a table name -> view.
int probes(Call& call) {
    const Dataset dataset = self_dataset(call);
    auto options = call.options(2);
    const auto low = options.numbers("low", {});
    const auto high = options.numbers("high", {});
    data::Filter filter;
    filter.rule = frequency::parse_rule(options.text("rule", "<="));
    filter.rescale = data::parse_rescale(options.text("rescale", "none"));
    const auto prefix = options.text("prefix", "");
    const auto others = datasets_in(call.L, call.given(2) ? 2 : 0);
    for (const auto& [name, other] : others) {
        options.know(name.c_str());
    }
    options.finish();
    require(!low.empty() || !high.empty() || !others.empty(),
            "expected at least one radius in low = {{...}} or high = {{...}}, got none");
    lua_newtable(call.L);
    for (const auto& [name, other] : others) {
        push(call.L, name);
        push_object(call.L, other);
        lua_rawset(call.L, -3);
    }
    const auto add = [&](data::Part part, const std::vector<double>& radii) {
        for (const double radius : radii) {
            filter.part = part;
            filter.radius = radius;
            const auto* band = part == data::Part::low ? "low" : "high";
            push(call.L, fmt::format("{}{} r={}", prefix, band, radius));
            push_object(call.L, dataset.filtered(filter));
            lua_rawset(call.L, -3);
        }
    };
    add(data::Part::low, low);
    add(data::Part::high, high);
    return 1;
}

int labels_of_set(Call& call) {
    return call.returns(self_dataset(call).labels());
}

int samples(Call& call) {
    return call.returns(self_dataset(call).samples().clone());
}

int name(Call& call) {
    return call.returns(self_dataset(call).name());
}

const std::vector<Declaration> dataset_declarations = {
    {"Dataset:subset", subset,
     "dataset:subset(n, {seed = 0}) -> Dataset\n\n"
     "Returns n random images, or all images in order if n is 0. Errors: n out of range."},
    {"Dataset:slice", slice,
     "dataset:slice(begin, end) -> Dataset\n\n"
     "Returns the images begin .. end-1, counted from 0. Errors: an empty or invalid range."},
    {"Dataset:per_class", per_class,
     "dataset:per_class(n, {seed = 0}) -> Dataset\n\n"
     "Returns n images of each class. Errors: a class with fewer images."},
    {"Dataset:shuffle_labels", shuffle_labels,
     "dataset:shuffle_labels {seed = 0} -> Dataset\n\n"
     "Returns the same images with a fixed permutation of their labels (Zhang et al., 2017)."},
    {"Dataset:low_pass", dataset_low_pass,
     "dataset:low_pass(radius, {rule = \"<=\", rescale = \"none\"}) -> Dataset\n\n"
     "Returns a view with only the frequencies within `radius` bins of zero; each batch is "
     "filtered when it is made. rule: \"<=\" (as in the paper) or \"<\" (as in the authors' code). "
     "rescale: \"none\", or \"max\" (x / max(x) for each image, as in the authors' code).\n"
     "Filters compose: dataset:low_pass(8):high_pass(4) is a band pass."},
    {"Dataset:high_pass", dataset_high_pass,
     "dataset:high_pass(radius, {rule = \"<=\", rescale = \"none\"}) -> Dataset\n\n"
     "Returns each image minus its low-pass version. The options are those of low_pass."},
    {"Dataset:transform", transform,
     "dataset:transform(steps, {interpolation = \"bilinear\", orientation = \"exif\"}) -> "
     "Dataset\n\n"
     "Returns a view of a \"folder:DIR\" or \"tar:FILE\" data set in which `steps` replace the "
     "steps passed to hfc.data. The steps follow torchvision's rules: {{\"resize\", 256}, "
     "{\"center_crop\", 224}, {\"random_resized_crop\", 224, scale = {.08, 1}, ratio = {3/4, "
     "4/3}}, {\"horizontal_flip\", p = .5}, {\"pad\", 4}, {\"random_crop\", 32}, "
     "{\"color_jitter\", brightness = .4, contrast = .4, saturation = .4, hue = .1}}. resize or "
     "random_resized_crop, if used, must be the first step. color_jitter (torchvision's version "
     "for tensors) must come after the last crop. pad fills with black. Instead of a list, steps "
     "may be a preset: \"imagenet\" (resize 256, center_crop 224) or \"imagenet_train\" "
     "(random_resized_crop 224, horizontal_flip). Both presets ignore the EXIF orientation.\n"
     "Only the pixels that the steps need are decoded. Random numbers depend only on the seed, the "
     "epoch and the image. If a step is random, the files are read again in each epoch. Otherwise, "
     "they are decoded only once if the original data set was in memory and the new images fit "
     "too. By default, interpolation and orientation keep their values from hfc.data.\n"
     "Errors: an unknown step or option, steps that produce images of different sizes, an image "
     "too small for random_crop, a filtered or mapped data set, a data set without image files."},
    {"Dataset:check", check,
     "dataset:check {most = 10} -> {{sample = i, reason = string}, ...}\n\n"
     "Reads every sample once and returns the samples that cannot be read. It stops after `most` "
     "such samples; 0 means no limit. hfc.check checks both splits of a data set."},
    {"Dataset:cache", cache,
     "dataset:cache(folder) -> Dataset\n\n"
     "Returns the same images, but decodes each of them only once, when it is first needed. The "
     "decoded images are stored in memory or, if they do not fit, in a temporary file that is "
     "deleted with the data set. If you pass a folder, they are stored in a file there. Later runs "
     "use this file as long as the steps and the image files (names, sizes, modification times) "
     "stay the same. Only the images of the view are stored, so call cache after transform, "
     "subset, per_class and similar functions. Images that are already in memory stay there.\n"
     "Errors: random steps, a data set not made from image files, a wrong file in the folder, a "
     "full disk."},
    {"Dataset:map", map,
     "dataset:map(function(images, indices) return images end) -> Dataset\n\n"
     "Returns a view whose images are changed by a function. The function gets the images of a "
     "batch, float32 [n, C, H, W], and the index of each image in its source, int64 [n]. It must "
     "return the same number of images, in float32; their shape may differ. It runs again each "
     "time a batch is made (on the script's thread), so it must always return the same result for "
     "the same image. Errors: any other result."},
    {"Dataset:filter", filter,
     "dataset:filter(function(image, label, index) return keep end) -> Dataset\n\n"
     "Returns the images for which the function returns true, in their original order. image: "
     "float32 [C, H, W]. index: the index of the image in its source. The function runs "
     "immediately, once for each image. Errors: a result other than true or false, no image left."},
    {"Dataset:concat", concat,
     "dataset:concat(other, ...) -> Dataset\n\n"
     "Returns the images of all the data sets, one data set after another, as floats. Errors: "
     "images of different shapes, different class names, labels in only some of the data sets."},
    {"Dataset:with_labels", with_labels,
     "dataset:with_labels(labels) -> Dataset\n\n"
     "Returns the same images with these labels, non-negative int64 or uint8 [N]. Errors: a wrong "
     "number of labels, a wrong dtype."},
    {"Dataset:select", select,
     "dataset:select(positions) -> Dataset\n\n"
     "Returns the images at these positions, an int64 Tensor [n], in that order. Errors: a "
     "position out of range."},
    {"Dataset:probes", probes,
     "dataset:probes {low = {4, 8}, high = {12}, rule = \"<=\", rescale = \"none\", prefix = \"\"} "
     "-> {[\"low r=4\"] = Dataset, ...}\n\n"
     "Returns named views for the option `probes` of hfc.train: the low_pass and high_pass views "
     "with these radii. The prefix is put in front of their names. You can add other Datasets, "
     "such as test = data.test; they keep their names."},
    {"Dataset:samples", samples,
     "dataset:samples() -> Tensor int64 [N]\n\n"
     "Returns the index of each image in its source. An image has the same index in every view."},
    {"Dataset:labels", labels_of_set,
     "dataset:labels() -> Tensor int64 [N]\n\nReturns the labels in this view."},
    {"Dataset:name", name,
     "dataset:name() -> string\n\n"
     "Returns a description of the view, such as \"cifar10 train, shuffled labels, low r=4\"."},
};

int length(lua_State* L) {
    return guarded(L, "#", [&] {
        push(L, Value(L, 1, "dataset").object<Dataset>().size());
        return 1;
    });
}

int dataset_text(lua_State* L) {
    return guarded(L, "tostring", [&] {
        const auto& dataset = Value(L, 1, "dataset").object<Dataset>();
        push(L, fmt::format("Dataset {}: {} images {} x {} x {}, {} classes", dataset.name(),
                            dataset.size(), dataset.channels(), dataset.height(), dataset.width(),
                            dataset.classes()));
        return 1;
    });
}

/// dataset[i]: {image = Tensor [C, H, W], label = n}, also as [1] and [2].
int push_sample(lua_State* L, const Dataset& dataset, double index) {
    require(index >= 0 && index < static_cast<double>(dataset.size()) && index == std::floor(index),
            "the index must be an integer from 0 to {}, got {}", dataset.size() - 1, index);
    const auto position = static_cast<int64_t>(index);
    const auto batch = dataset.batch(position, position + 1);
    lua_createtable(L, 2, 2);
    push(L, batch.images[0]);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, 1);
    lua_setfield(L, -2, "image");
    if (batch.labels.defined()) {
        push(L, batch.labels[0].item<int64_t>());
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, 2);
        lua_setfield(L, -2, "label");
    }
    return 1;
}

int push_field(lua_State* L, const Dataset& dataset, const std::string& key) {
    if (key == "shape") {
        push(L, std::vector<int64_t>(dataset.shape().begin(), dataset.shape().end()));
    } else if (key == "classes") {
        push(L, dataset.classes());
    } else if (key == "class_names") {
        push(L, dataset.class_names());
    } else {
        std::vector<std::string> names = {"shape", "classes", "class_names"};
        push_methods_of(L, "Dataset");
        for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
            names.emplace_back(lua_tostring(L, -2));
        }
        fail("a Dataset has no field or method '{}'{}", key, did_you_mean(key, names));
    }
    return 1;
}

/// __index; the methods are its upvalue.
int get_field(lua_State* L) {
    if (push_method(L)) {
        return 1;
    }
    return guarded(L, "Dataset", [&] {
        const auto dataset = Value(L, 1, "dataset").object<Dataset>();
        if (lua_type(L, 2) == LUA_TNUMBER) {
            return push_sample(L, dataset, lua_tonumber(L, 2));
        }
        require(lua_type(L, 2) == LUA_TSTRING, "expected an index or a name, got {}",
                describe(L, 2));
        return push_field(L, dataset, lua_tostring(L, 2));
    });
}

}  // namespace

namespace detail {

void register_dataset(lua_State* L) {
    register_type<Dataset>(L);
    register_batches(L);
    declare(L, dataset_declarations);
    set_metamethod(L, "Dataset", "__len", length);
    set_metamethod(L, "Dataset", "__tostring", dataset_text);
    set_field_access(L, "Dataset", get_field);
}

}  // namespace detail
}  // namespace hfc::lua
