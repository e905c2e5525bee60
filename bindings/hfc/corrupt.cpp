// hfc.corrupt, hfc.corruptions, hfc.corruption_error, Dataset:corrupt.
#include "corrupt/corrupt.h"

#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "corrupt/error.h"
#include "corrupt/published_files.h"
#include "data/load.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::lua {
namespace {

corrupt::Corruption read_corruption(Options& options) {
    corrupt::Corruption corruption;
    corruption.seed = static_cast<uint64_t>(options.integer("seed", 0));
    corruption.constants = corrupt::parse_constants(options.text("constants", "auto"));
    corruption.frost = options.text("frost", "");
    corruption.jpeg = options.integer("jpeg", 0);
    return corruption;
}

int corrupt_images(Call& call) {
    call.at_most(4);
    const at::Tensor images = tensor_argument(call, 1, "images");
    const auto kind = call.argument(2, "kind").text();
    const auto severity = call.argument(3, "severity").integer();
    auto options = call.options(4);
    auto corruption = read_corruption(options);
    corruption.kind = kind;
    corruption.severity = severity;
    const at::Tensor samples = tensor_option(options, "samples");
    options.finish();
    return call.returns(corrupt::Corruptor(corruption).apply(images, samples));
}

int corruptions(Call& call) {
    call.at_most(1);
    return call.returns(corrupt::kinds(call.given(1) ? call.argument(1, "set").text() : "common"));
}

/// How a data set is corrupted: by computing the corruption, or by reading the published files.
class Corrupted {
  public:
    Corrupted(data::Dataset dataset, Options& options)
        : dataset_(std::move(dataset)), corruption_(read_corruption(options)) {
        const auto from = options.text("from", "computed");
        require(from == "computed" || from == "files",
                "option 'from' must be \"computed\" or \"files\", got \"{}\"", from);
        files_ = from == "files";
    }

    data::Dataset at(const std::string& kind, int64_t severity) const {
        if (files_) {
            return corrupt::published(dataset_, kind, severity, data::root() / "CIFAR-10-C");
        }
        auto corruption = corruption_;
        corruption.kind = kind;
        corruption.severity = severity;
        return dataset_.transformed(std::make_shared<corrupt::CorruptionTransform>(corruption));
    }

    bool has_frost() const { return files_ || !corruption_.frost.empty(); }

  private:
    data::Dataset dataset_;
    corrupt::Corruption corruption_;
    bool files_ = false;
};

int corrupt_dataset(Call& call) {
    call.at_most(4);
    const auto& dataset = call.argument(1, "dataset").object<data::Dataset>();
    const auto kind = call.argument(2, "kind").text();
    const auto severity = call.argument(3, "severity").integer();
    auto options = call.options(4);
    const Corrupted corrupted(dataset, options);
    options.finish();
    return call.returns_object(corrupted.at(kind, severity));
}

void set_number(lua_State* L, const char* key, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

int corruption_error(Call& call) {
    const auto network = to_model(call.L, call.argument(1, "model"));
    auto [dataset, next] = images_argument(call, 2, "dataset");
    call.at_most(next);
    auto options = call.options(next);
    const Corrupted corrupted(dataset, options);
    corrupt::ErrorOptions settings;
    auto standard = corrupt::kinds();
    if (!corrupted.has_frost()) {
        std::erase(standard, "frost");
    }
    settings.kinds = options.texts("kinds", standard);
    const auto severities = options.numbers("severities", {1, 2, 3, 4, 5});
    settings.severities.assign(severities.begin(), severities.end());
    const auto baseline = options.text("baseline", "none");
    require(baseline == "none" || baseline == "alexnet",
            "option 'baseline' must be \"none\" or \"alexnet\", got \"{}\"", baseline);
    settings.alexnet = baseline == "alexnet";
    settings.inference = read_inference(call.L, options, model::device_of(*network));
    options.finish();
    settings.corrupted = [&](const std::string& kind, int64_t severity) {
        return corrupted.at(kind, severity);
    };
    const auto found = corrupt::corruption_error(*network, dataset, settings);
    lua_State* L = call.L;
    lua_createtable(L, 0, 6);
    set_number(L, "clean", found.clean);
    set_number(L, "mean", found.mean);
    set_number(L, "relative", found.relative);
    if (settings.alexnet) {
        set_number(L, "mce", found.mce);
    }
    for (const bool bands : {false, true}) {
        lua_newtable(L);
        for (const auto& [kind, errors] : found.by) {
            bands ? push(L, errors.band) : push(L, errors.errors);
            lua_setfield(L, -2, kind.c_str());
        }
        lua_setfield(L, -2, bands ? "band" : "by");
    }
    return 1;
}

const std::vector<Declaration> corrupt_declarations = {
    {"hfc.corrupt", corrupt_images,
     "hfc.corrupt(images, kind, severity, {seed = 0, constants = \"auto\", frost = \"DIR\", jpeg = "
     "0, samples = Tensor int64 [N]}) -> Tensor float32 [N, C, H, W]\n\n"
     "Applies a corruption from Hendrycks and Dietterich (2019) to images in [0,1], with the "
     "constants of their published code. kind: a name from hfc.corruptions. severity: 1 to 5. Each "
     "image is first rounded to bytes. The result is truncated to bytes and divided by 255, as in "
     "the published code.\n"
     "constants: \"cifar\", \"imagenet\", or \"auto\", which uses the constants of CIFAR-10-C for "
     "images with a side below 64 pixels. frost: the directory with frost1.png to frost5.jpg "
     "from ImageNet-C/create_c of github.com/hendrycks/robustness, needed only if kind is "
     "\"frost\". jpeg: if above 0, the result is compressed as JPEG with this quality and "
     "decompressed again (default 0). The files of ImageNet-C were made with quality 85.\n"
     "For two kinds, this function reproduces mistakes in the published code: glass_blur copies "
     "pixels instead of swapping them, and frost never uses the last of the six photographs that "
     "the code lists. The random numbers for an image depend only on the seed, the kind, the "
     "severity and the index of the image in its source.\n"
     "Errors: an unknown kind, a severity out of range, images outside [0,1], images with 2 "
     "channels or with sides below 32 pixels, non-square images for glass_blur, snow, fog and "
     "elastic_transform, grey images for saturate, missing photographs for frost."},
    {"hfc.corruptions", corruptions,
     "hfc.corruptions(set = \"common\") -> list of strings\n\n"
     "Returns the names of the kinds of corruption in a set. set: \"common\" (the 15 kinds over "
     "which the corruption error is averaged), \"extra\" (4 other kinds) or \"all\" (all 19 "
     "kinds)."},
    {"Dataset:corrupt", corrupt_dataset,
     "dataset:corrupt(kind, severity, {from = \"computed\", seed = 0, constants = \"auto\", frost "
     "= \"DIR\", jpeg = 0}) -> Dataset\n\n"
     "Returns a view with corrupted images; see hfc.corrupt. Each batch is corrupted when it is "
     "made. from = \"files\" uses the published images of CIFAR-10-C instead, from NAME.npy and "
     "labels.npy in the directory CIFAR-10-C next to the other data sets. The data set must then "
     "consist of CIFAR-10's test images, without filters."},
    {"hfc.corruption_error", corruption_error,
     "hfc.corruption_error(model, dataset, {kinds = list, severities = {1, 2, 3, 4, 5}, "
     "baseline = \"none\", statistics = \"running\", from = \"computed\", frost = \"DIR\", seed "
     "= 0, batch_size = 100}) -> {clean, mean, relative, mce, by = {kind = list}, band = {kind "
     "= number}}\n\n"
     "Returns the error of a network on corrupted images, in [0,1]. clean: the error without "
     "corruption. by: for each kind, a list with one error per severity. mean: the mean of these "
     "errors, not normalised, as usual for CIFAR-10-C. relative: mean - clean. band: for each "
     "kind, the mean frequency of the difference between corrupted and clean images, weighted by "
     "energy and given as the distance from the zero frequency in bins. baseline: \"alexnet\" adds "
     "mce: the error divided by AlexNet's error on ImageNet-C, averaged over the kinds of "
     "corruption.\n"
     "kinds: the kinds of corruption (default the set \"common\", or its 14 kinds other than frost "
     "if the photographs are missing). For the other options, see hfc.corrupt and hfc.accuracy."},
};

}  // namespace

namespace detail {

void register_corrupt(lua_State* L) {
    declare(L, corrupt_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
