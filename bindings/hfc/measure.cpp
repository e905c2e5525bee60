// Functions that measure a network: hfc.accuracy, hfc.predict, hfc.logits and functions of logits.
#include "model/measure.h"

#include "base/device.h"
#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "model/metrics.h"

#include <ATen/ATen.h>

namespace hfc::lua {
namespace {

/// The arguments that all of these functions take: model, images, {options}.
struct Question {
    model::ModelPtr network;
    data::Dataset dataset;
    model::MeasureOptions options;
};

/// `read` reads the function's own options.
template <typename Read>
Question read_question(Call& call, Read&& read) {
    auto network = to_model(call.L, call.argument(1, "model"));
    auto images = images_argument(call, 2, "images");
    call.at_most(images.next);
    auto options = call.options(images.next);
    model::MeasureOptions measure;
    measure.inference = read_inference(call.L, options, model::device_of(*network));
    read(options, measure);
    options.finish();
    return {std::move(network), std::move(images.dataset), measure};
}

Question read_question(Call& call) {
    return read_question(call, [](Options&, model::MeasureOptions&) {});
}

/// The logits of a data set whose labels must be classes of the model.
at::Tensor labelled_logits(const Question& question) {
    auto options = question.options;
    options.labelled = true;
    return model::logits(*question.network, question.dataset, options);
}

int accuracy(Call& call) {
    const auto question = read_question(call, [](Options& options, model::MeasureOptions& measure) {
        measure.top = options.integer("top", measure.top);
    });
    return call.returns(model::accuracy(*question.network, question.dataset, question.options));
}

int predict(Call& call) {
    const auto question = read_question(call);
    const auto result = model::predict(*question.network, question.dataset, question.options);
    return call.returns(result.classes, result.confidences);
}

int logits(Call& call) {
    const auto question = read_question(call);
    return call.returns(model::logits(*question.network, question.dataset, question.options));
}

int class_accuracy(Call& call) {
    const auto question = read_question(call);
    return call.returns(
        model::class_accuracies(labelled_logits(question), question.dataset.labels()));
}

int confusion_matrix(Call& call) {
    const auto question = read_question(call);
    return call.returns(
        model::confusion_matrix(labelled_logits(question), question.dataset.labels()));
}

int calibration_error(Call& call) {
    int64_t bins = 15;
    const auto question = read_question(call, [&](Options& options, model::MeasureOptions&) {
        bins = options.integer("bins", bins);
        require(bins >= 1, "option 'bins': expected at least 1, got {}", bins);
    });
    return call.returns(
        model::calibration_error(labelled_logits(question), question.dataset.labels(), bins));
}

int device(Call& call) {
    call.at_most(0);
    return call.returns(default_device().str());
}

const std::vector<Declaration> measure_declarations = {
    {"hfc.device", device,
     "hfc.device() -> \"cpu\" or \"cuda:N\"\n\n"
     "Returns the device set by --device, which hfc.train uses by default. Use it in your own "
     "training loops: model:to(hfc.device())."},
    {"hfc.accuracy", accuracy,
     "hfc.accuracy(model, images, {top = 1, statistics = \"running\", batch_size = 100, "
     "bfloat16 = false, tf32 = false}) -> number in [0,1]\n\n"
     "Returns the fraction of images whose label is among the `top` classes with the largest "
     "logits.\n"
     "Like all functions that measure a network, it runs the network in evaluation mode, "
     "without gradients of the weights, and then restores its state.\n"
     "images: a Dataset, or a Tensor float32 [N, C, H, W] followed by a Tensor of labels, int64 "
     "[N].\n"
     "statistics: the statistics with which BatchNorm normalises. \"running\" uses the running "
     "statistics from training. \"batch\" uses the statistics of each batch, so the images in a "
     "batch affect one another's results. {adapted = {images = n, source_weight = N}} mixes the "
     "running statistics with those of the first n images (Schneider et al. 2020): the mean is "
     "N / (N + n) times the running mean plus n / (N + n) times the mean of the images, and "
     "likewise for the variance. N is 0 by default.\n"
     "batch_size: the number of images per forward pass (default 100 on a CPU and 1000 on a GPU). "
     "bfloat16: if true, computes in bfloat16 (torch.autocast). tf32: if true, lets a GPU round "
     "the inputs of convolutions and matrix products to TF32 (10 bits) during the call. If false, "
     "torch.backends.cudnn.allow_tf32 and torch.backends.cuda.matmul.allow_tf32 keep their values. "
     "On a CPU, tf32 has no effect, and hfc-host prints a line that says so.\n"
     "Errors: images that the model does not accept, a label for which the model has no class, "
     "logits that are NaN or infinite."},
    {"hfc.predict", predict,
     "hfc.predict(model, images, {statistics = \"running\", batch_size = 100, bfloat16 = "
     "false}) -> classes, confidences\n\n"
     "Returns the predicted class of each image (the index of the largest logit, int64 [N]) and "
     "its softmax probability (float32 [N]), both on the CPU. For images and options, see "
     "hfc.accuracy."},
    {"hfc.logits", logits,
     "hfc.logits(model, images, {statistics = \"running\", batch_size = 100, bfloat16 = false}) "
     "-> Tensor float32 [N, classes]\n\n"
     "Returns the model's logits, on the CPU. For images, options and errors, see hfc.accuracy."},
    {"hfc.class_accuracy", class_accuracy,
     "hfc.class_accuracy(model, images, {statistics = \"running\", batch_size = 100, bfloat16 = "
     "false}) -> Tensor float64 [classes]\n\n"
     "Returns the accuracy on the images of each class, and NaN for a class without images. For "
     "images, options and errors, see hfc.accuracy."},
    {"hfc.confusion_matrix", confusion_matrix,
     "hfc.confusion_matrix(model, images, {statistics = \"running\", batch_size = 100, bfloat16 "
     "= false}) -> Tensor int64 [classes, classes]\n\n"
     "Returns, for each label (row) and each class (column), the number of images with this label "
     "that the model predicts as this class. For images, options and errors, see hfc.accuracy."},
    {"hfc.calibration_error", calibration_error,
     "hfc.calibration_error(model, images, {bins = 15, statistics = \"running\", batch_size = "
     "100, bfloat16 = false}) -> number in [0,1]\n\n"
     "Returns the expected calibration error (Guo et al. 2017). The images are sorted into "
     "`bins` bins of equal width by their confidence. The result is the sum of |accuracy - mean "
     "confidence| over the bins, weighted by the number of images in each bin. For images, "
     "options and errors, see hfc.accuracy."},
};

}  // namespace

namespace detail {

void register_measure(lua_State* L) {
    declare(L, measure_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
