// hfc.data and the type Dataset.
#include "base/random.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "data/load.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::lua {
namespace {

using data::Dataset;

Dataset& self_dataset(Call& call) {
    return call.argument(1, "dataset").object<Dataset>();
}

void push_pair(lua_State* L, const data::Pair& pair) {
    lua_createtable(L, 0, 5);
    push_object(L, pair.train);
    lua_setfield(L, -2, "train");
    push_object(L, pair.test);
    lua_setfield(L, -2, "test");
    push(L, pair.train.classes());
    lua_setfield(L, -2, "classes");
    push(L, pair.train.channels());
    lua_setfield(L, -2, "channels");
    push(L, pair.train.class_names());
    lua_setfield(L, -2, "class_names");
}

int load(Call& call) {
    call.at_most(2);
    const std::string name = call.argument(1, "name").text();
    auto options = call.options(2);
    data::LoadOptions settings;
    auto& synthetic = settings.synthetic;
    settings.seed = static_cast<uint64_t>(options.integer("seed", 0));
    settings.image_size = options.integer("image_size", settings.image_size);
    synthetic.train = options.integer("train", synthetic.train);
    synthetic.test = options.integer("test", synthetic.test);
    synthetic.classes = options.integer("classes", synthetic.classes);
    synthetic.size = options.integer("size", synthetic.size);
    synthetic.channels = options.integer("channels", synthetic.channels);
    synthetic.low = options.number("low", synthetic.low);
    synthetic.high = options.number("high", synthetic.high);
    synthetic.noise = options.number("noise", synthetic.noise);
    synthetic.low_correlation = options.number("low_correlation", synthetic.low_correlation);
    synthetic.high_correlation = options.number("high_correlation", synthetic.high_correlation);
    synthetic.low_radius = options.number("low_radius", synthetic.low_radius);
    synthetic.high_radius = options.number("high_radius", synthetic.high_radius);
    settings.split = options.text("split", settings.split);
    settings.labels = options.text("labels", settings.labels);
    options.finish();
    std::vector<std::string> notes;
    const auto pair = data::load(name, settings, &notes);
    for (const auto& note : notes) {
        std::fprintf(stderr, "hfc-host: %s\n", note.c_str());
    }
    push_pair(call.L, pair);
    return 1;
}

/// A data set of one's own tensors. It gets copies: nothing outside can change it.
int dataset_of_tensors(Call& call) {
    const at::Tensor images = tensor_argument(call, 1, "images");
    const bool labelled = to_tensor(call.L, 2) != nullptr;
    const at::Tensor labels = labelled ? tensor_argument(call, 2, "labels") : at::Tensor();
    const int position = labelled ? 3 : 2;
    call.at_most(position);
    auto options = call.options(position);
    const auto name = options.text("name", "images");
    const auto class_names = options.texts("class_names", {});
    options.finish();
    return call.returns_object(
        data::dataset_of(images.defined() ? images.clone() : images, labels, name, class_names));
}

int subset(Call& call) {
    const int64_t n = call.argument(2, "n").integer();
    auto options = call.options(3);
    const auto seed = static_cast<uint64_t>(options.integer("seed", 0));
    options.finish();
    return call.returns_object(self_dataset(call).subset(n, seed));
}

int slice(Call& call) {
    return call.returns_object(self_dataset(call).slice(call.argument(2, "begin").integer(),
                                                        call.argument(3, "end").integer()));
}

int per_class(Call& call) {
    const int64_t n = call.argument(2, "n").integer();
    auto options = call.options(3);
    const auto seed = static_cast<uint64_t>(options.integer("seed", 0));
    options.finish();
    return call.returns_object(self_dataset(call).per_class(n, seed));
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

int batch(Call& call) {
    const Dataset dataset = self_dataset(call);
    const data::Batch result =
        dataset.batch(call.argument(2, "begin").integer(), call.argument(3, "end").integer());
    return call.returns(result.images, result.labels);
}

/// What an iterator of batches() walks along.
struct BatchWalk {
    Dataset dataset;
    at::Tensor order;
    int64_t size;
    int64_t next;
};

}  // namespace

template <>
inline constexpr const char* type_name<BatchWalk> = "BatchIterator";

namespace {

int next_batch(lua_State* L) {
    return guarded(L, "Dataset:batches", [&]() -> int {
        auto* found = to_object<BatchWalk>(L, lua_upvalueindex(1));
        require(found != nullptr, "the iterator was destroyed");
        auto& walk = *found;
        if (walk.next >= walk.dataset.size()) {
            return 0;
        }
        const int64_t end = std::min(walk.next + walk.size, walk.dataset.size());
        const data::Batch result = walk.dataset.batch(walk.order.slice(0, walk.next, end));
        walk.next = end;
        push(L, result.images);
        push(L, result.labels);
        return 2;
    });
}

int batches(Call& call) {
    const Dataset dataset = self_dataset(call);
    auto options = call.options(2);
    const int64_t size = options.integer("size", 100);
    const bool shuffle = options.boolean("shuffle", false);
    const auto seed = static_cast<uint64_t>(options.integer("seed", 0));
    options.finish();
    require(size >= 1, "the batch size must be at least 1, got {}", size);
    const at::Tensor order = shuffle ? permutation(dataset.size(), seed, "batches")
                                     : at::arange(dataset.size(), at::kLong);
    push_object(call.L, BatchWalk{dataset, order, size, 0});
    lua_pushcclosure(call.L, next_batch, 1);
    return 1;
}

int labels(Call& call) {
    return call.returns(self_dataset(call).labels().clone());
}

int name(Call& call) {
    return call.returns(self_dataset(call).name());
}

const std::vector<Declaration> data_declarations = {
    {"hfc.data", load,
     "hfc.data(name, {seed = 0, ...}) -> {train = Dataset, test = Dataset, classes = n, channels = "
     "n, class_names = {...}}\n\n"
     "Loads \"synthetic\", \"cifar10\", \"cifar100\", \"mnist\", \"fashion_mnist\", \"kmnist\", "
     "\"emnist\" or \"folder:DIR\" (DIR/train/CLASS/*, DIR/val or DIR/test/CLASS/*; JPEG and "
     "PNG).\n"
     "Images are float32 in [0,1], [N, C, H, W]; labels int64, zero-based. The files are looked "
     "for "
     "below --data DIR, the environment's HFC_DATA, or ./data, in directories of their usual names "
     "(cifar-10-batches-bin) or torchvision's (cifar-10-batches-py, MNIST/raw).\n"
     "cifar100: labels = \"fine\" (100 classes) or \"coarse\" (20).\n"
     "emnist: split = \"balanced\", byclass, bymerge, letters (27 classes, the first unused), "
     "digits "
     "or mnist. As in torchvision, the images are transposed: images:transpose(2, 3) sets them "
     "upright.\n"
     "folder: image_size = 224 (shorter side resized, centre cropped). Classes are numbered in the "
     "order of their names, byte by byte (\"10\" before \"9\").\n"
     "synthetic, a data set whose answer is known: train = 400, test = 200, classes = 10, size = "
     "32, channels = 3, and the strength of "
     "each class's\n"
     "low- and high-frequency pattern and of the noise, low = .25, high = .125, noise = .125 "
     "(standard deviations, in halves of the pixel "
     "range), how often\n"
     "each pattern is the label's, low_correlation = 1, high_correlation = 1, and the patterns' "
     "bands, low_radius = 4, high_radius = 12 "
     "(bins).\n"
     "Errors: an unknown name, missing files (which, where, how to get them), damaged files."},
    {"hfc.dataset", dataset_of_tensors,
     "hfc.dataset(images, labels, {name = \"images\", class_names = {...}}) -> Dataset\n\n"
     "A data set of one's own tensors, for all functions that take a Dataset. It keeps copies.\n"
     "images: uint8 [N, C, H, W], which become floats in [0,1], or float32 [N, C, H, W], which "
     "stay as they are. labels: int64 [N] of at least 0; without them only functions work that "
     "need none. class_names: one string a class.\n"
     "Errors: images of another kind (with the line that converts them), labels that are not one "
     "an image or that name no class."},
    {"Dataset:subset", subset,
     "dataset:subset(n, {seed = 0}) -> Dataset\n\nn images drawn at random. Error: n below 1 or "
     "above the size."},
    {"Dataset:slice", slice,
     "dataset:slice(begin, end) -> Dataset\n\nImages begin .. end-1, zero-based. Error: an empty "
     "or impossible range."},
    {"Dataset:per_class", per_class,
     "dataset:per_class(n, {seed = 0}) -> Dataset\n\nn images of each class. Error: a class that "
     "has fewer."},
    {"Dataset:shuffle_labels", shuffle_labels,
     "dataset:shuffle_labels {seed = 0} -> Dataset\n\nThe same images under a fixed permutation of "
     "their labels (Zhang et al., 2017; "
     "section 4 of Wang et al., 2020)."},
    {"Dataset:low_pass", dataset_low_pass,
     "dataset:low_pass(radius, {rule = \"<=\", rescale = \"none\"}) -> Dataset\n\nThe same images "
     "with only the frequencies within "
     "`radius` bins of zero, computed as batches "
     "are made. rule: \"<=\" (paper) or \"<\" (public code). rescale: \"none\", or \"max\" (x / "
     "max(x) for each image, public code)."},
    {"Dataset:high_pass", dataset_high_pass,
     "dataset:high_pass(radius, {rule = \"<=\", rescale = \"none\"}) -> Dataset\n\nThe image less "
     "its low_pass; options as there."},
    {"Dataset:batch", batch,
     "dataset:batch(begin, end) -> images, labels\n\nImages begin .. end-1 as float32 [n, C, H, "
     "W], labels int64 [n], on the CPU."},
    {"Dataset:batches", batches,
     "for images, labels in dataset:batches {size = 100, shuffle = false, seed = 0} do\n\nWalks "
     "along the data set; the last batch may be "
     "smaller. Give a new seed each epoch "
     "for a new order."},
    {"Dataset:labels", labels,
     "dataset:labels() -> Tensor int64 [N]\n\nThe labels as this view sees them."},
    {"Dataset:name", name,
     "dataset:name() -> text\n\nWhat the view shows: \"cifar10 train, shuffled labels, low r=4\"."},
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

}  // namespace

namespace detail {

void register_data(lua_State* L) {
    register_type<Dataset>(L);
    register_type<BatchWalk>(L);
    declare(L, data_declarations);
    set_metamethod(L, "Dataset", "__len", length);
    set_metamethod(L, "Dataset", "__tostring", dataset_text);
}

}  // namespace detail
}  // namespace hfc::lua
