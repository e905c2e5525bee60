// hfc.mask: Fourier masks.
#include "mask/evaluate.h"
#include "mask/learn.h"
#include "mask/operator.h"

#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/log.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/precision.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "run/run.h"

namespace hfc::lua {
namespace {

int apply_mask(Call& call) {
    call.at_most(2);
    const at::Tensor x = tensor_argument(call, 1, "x");
    return call.returns(mask::apply(x, tensor_argument(call, 2, "mask")));
}

int symmetrise(Call& call) {
    call.at_most(1);
    return call.returns(mask::symmetrise(tensor_argument(call, 1, "mask")));
}

/// Reads the labels for a fit: returns the given Tensor, or sets `predicted`.
at::Tensor read_labels(lua_State* L, Options& options, bool& predicted) {
    at::Tensor labels;
    options.with("labels", [&](const Value& value) {
        if (lua_type(L, value.index()) != LUA_TSTRING) {
            labels = value.object<LuaTensor>().tensor;
            return;
        }
        const std::string text = value.text();
        require(text == "true" || text == "predicted",
                "option 'labels': expected \"true\", \"predicted\" or a Tensor, got '{}'", text);
        predicted = text == "predicted";
    });
    return labels;
}

void log_progress(const Series& log, const mask::Progress& progress) {
    log_to(log, {{"mask", progress.mask},
                 {"epoch", progress.epoch},
                 {"loss", progress.loss},
                 {"l1", progress.l1},
                 {"accuracy", progress.accuracy}});
}

mask::LearnOptions read_learn_options(Options& options, at::Device device) {
    mask::LearnOptions settings;
    options.with("per",
                 [&](const Value& value) { settings.scope = mask::parse_scope(value.text()); });
    options.with("loss",
                 [&](const Value& value) { settings.loss = mask::parse_loss(value.text()); });
    options.with("lambda", [&](const Value& value) { settings.lambda = value.number(); });
    options.with("lr", [&](const Value& value) { settings.lr = value.number(); });
    options.with("one_cycle", [&](const Value& value) { settings.one_cycle = value.boolean(); });
    options.with("batch_size", [&](const Value& value) { settings.batch_size = value.integer(); });
    settings.per_channel = options.boolean("per_channel", settings.per_channel);
    settings.epochs = options.integer("epochs", settings.epochs);
    settings.steps = options.integer("steps", settings.steps);
    options.with("tolerance", [&](const Value& value) { settings.tolerance = value.number(); });
    settings.patience = options.integer("patience", settings.patience);
    settings.seed = static_cast<uint64_t>(options.integer("seed", 0));
    settings.bfloat16 = read_bfloat16(options, device);
    return settings;
}

int learn_masks(Call& call) {
    call.at_most(3);
    const auto network = to_model(call.L, call.argument(1, "model"));
    auto options = call.options(3);
    auto settings = read_learn_options(options, model::device_of(*network));
    const auto labels = read_labels(call.L, options, settings.predicted_labels);
    const auto log = read_log(call.L, options);
    options.finish();
    const auto dataset = images_argument(call, 2, "images", labels).dataset;
    SlowProgress line(log.name.empty() ? "hfc.mask.learn" : log.name);
    settings.report = [&](const mask::Progress& progress) {
        line.tell(fmt::format("{} {}: l1 {:.3f}, accuracy {:.3f}",
                              settings.scope == mask::Scope::image ? "step" : "epoch",
                              progress.epoch, progress.l1, progress.accuracy));
        if (log.run) {
            log_progress(log, progress);
        }
    };
    const auto learned = mask::learn(*network, dataset, settings);
    push(call.L, learned.masks);
    lua_createtable(call.L, 0, 2);
    set_field(call.L, "l1", learned.l1);
    set_field(call.L, "steps", learned.steps);
    return 2;
}

/// The arguments of predict and accuracy, except the images.
struct MaskQuestion {
    model::ModelPtr network;
    at::Tensor mask, labels;
    model::Inference::Options inference;
};

MaskQuestion read_mask_question(Call& call, bool with_labels) {
    call.at_most(4);
    MaskQuestion question;
    question.network = to_model(call.L, call.argument(1, "model"));
    if (call.given(3)) {
        question.mask = tensor_argument(call, 3, "mask");
    }
    auto options = call.options(4);
    question.inference = read_inference(call.L, options, model::device_of(*question.network));
    if (with_labels) {
        question.labels = tensor_option(options, "labels");
    }
    options.finish();
    return question;
}

/// The images. Labels cannot follow them, because the next argument is a mask.
data::Dataset masked_images(Call& call, const at::Tensor& labels = {}) {
    return images_argument(call, 2, "images", labels, /*labels_follow=*/false).dataset;
}

int predict_masked(Call& call) {
    const auto question = read_mask_question(call, false);
    const auto result = mask::predict_masked(*question.network, masked_images(call), question.mask,
                                             question.inference);
    return call.returns(result.classes, result.confidences);
}

int masked_accuracy(Call& call) {
    const auto question = read_mask_question(call, true);
    return call.returns(mask::masked_accuracy(*question.network,
                                              masked_images(call, question.labels), question.mask,
                                              question.inference));
}

int threshold(Call& call) {
    call.at_most(2);
    return call.returns(
        mask::threshold(tensor_argument(call, 1, "mask"), call.argument(2, "value").number()));
}

int largest(Call& call) {
    call.at_most(2);
    return call.returns(
        mask::largest(tensor_argument(call, 1, "map"), call.argument(2, "share").number()));
}

const std::vector<Declaration> mask_declarations = {
    {"hfc.mask.learn", learn_masks,
     "hfc.mask.learn(model, images, {per = \"data set\", loss = \"invariance\", lambda = .2, ...}) "
     "-> masks, {l1, steps}\n\n"
     "Learns which frequencies a network needs (Fourier masks, Karantzas et al. 2022). The masks M "
     "start as ones. Adam minimises loss + lambda |M|_1 / |ones|_1, and the masks are clipped to "
     "[0,1]. The network does not change.\n"
     "images: a Dataset, or a Tensor float32 [N, C, H, W]. labels: \"true\" (the labels of the "
     "Dataset), \"predicted\" (the network's predictions for the clean images) or a Tensor int64 "
     "[N].\n"
     "per: one mask per \"data set\", \"class\" or \"image\" (the masks of a batch of images are "
     "learned together). per_channel: if true, learns one mask per channel; if false (the "
     "default), one mask for all channels. loss: \"invariance\", which is exp(d^2) with d = CE(f(M "
     "x), y) - CE(f(x), y), or \"cross_entropy\", which is CE(f(M x), y).\n"
     "The defaults for a data set or class are epochs = 100, batch_size = 50, lambda = .2, lr = "
     ".01 and one_cycle = true (PyTorch's OneCycleLR with the peak lr). The defaults for images "
     "are steps = 1000, batch_size = 100, lambda = .07, lr = .008 and one_cycle = false.\n"
     "Learning stops early for a mask if two conditions hold for `patience` epochs, or steps for "
     "image masks: the mask's l1 changes by at most `tolerance`, and the masked images are still "
     "classified correctly. An image mask must keep its image correctly classified in each step; "
     "for other masks, the accuracy must be at least .99 times the clean accuracy. patience: 7 by "
     "default. tolerance: 1e-5 or lr / 100 by default, whichever is smaller.\n"
     "seed: seeds the order of the images (default 0). bfloat16: if true, runs the network in "
     "bfloat16 (torch.autocast; default false). This is up to twice as fast on GPUs and on "
     "processors with AVX512-BF16 or AMX. On other processors, float32 is used and a message says "
     "so; the environment variable HFC_BFLOAT16=always forces bfloat16. log: a Series or Run that "
     "logs {mask, epoch, loss, l1, accuracy} after each epoch, or for image masks every 50 steps "
     "and at the end.\n"
     "masks: a Tensor float32 [1, classes or N; C or 1; H; W] on the CPU, symmetric, "
     "zero-frequency component first. l1: float64, |M|_1 / |ones|_1 of each mask. steps: the "
     "number of epochs or steps taken.\n"
     "Errors: an option out of range, images or labels that do not fit the network, a gradient "
     "that is not a number."},
    {"hfc.mask.apply", apply_mask,
     "hfc.mask.apply(x, mask) -> Tensor\n\n"
     "Applies a mask to images: real(ifft2(mask * fft2(x))), channel by channel. The mask is first "
     "replaced by (M(k) + M(-k)) / 2, so the result is real by construction. The function is "
     "differentiable in both arguments.\n"
     "x: float32 or float64 [..., H, W]. mask: [..., H, W], zero-frequency component first (not "
     "shifted); the leading dimensions are broadcast, so [H, W], [C, H, W] and [N, 1, H, W] are "
     "possible. The complement is hfc.mask.apply(x, 1 - mask)."},
    {"hfc.mask.symmetrise", symmetrise,
     "hfc.mask.symmetrise(mask) -> Tensor\n\n"
     "Returns (M(k) + M(-k)) / 2, the only part of a mask that affects a real image. mask: "
     "[..., H, W], with the zero-frequency component first."},
    {"hfc.mask.predict", predict_masked,
     "hfc.mask.predict(model, images, mask, {batch_size = 100}) -> classes, confidences\n\n"
     "Returns the predicted class of each masked image (int64 [N]) and its softmax probability "
     "(float32 [N]), both on the CPU. images: a Dataset or a Tensor [N, C, H, W]. mask: one mask "
     "for all images, one mask per image [N, C or 1, H, W], or nil for no mask."},
    {"hfc.mask.accuracy", masked_accuracy,
     "hfc.mask.accuracy(model, images, mask, {batch_size = 100, labels = Tensor}) -> number in "
     "[0,1]\n\n"
     "Returns the fraction of masked images that the model classifies correctly; see "
     "hfc.mask.predict. labels: the labels to compare with (default the labels of the Dataset)."},
    {"hfc.mask.threshold", threshold,
     "hfc.mask.threshold(mask, value) -> Tensor float32\n\n"
     "Returns ones where the mask is above the value, and zeros elsewhere."},
    {"hfc.mask.largest", largest,
     "hfc.mask.largest(map, share) -> Tensor float32\n\n"
     "Returns a mask that keeps the fraction `share`, in [0,1], of the frequencies: ones where the "
     "map [..., H, W] is largest, zeros elsewhere. Each [H, W] is treated individually. "
     "Frequencies at which the map is NaN are never kept."},
};

}  // namespace

namespace detail {

void register_mask(lua_State* L) {
    declare(L, mask_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
