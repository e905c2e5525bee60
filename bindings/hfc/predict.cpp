// hfc.predict and hfc.device.
#include "train/evaluate.h"

#include "base/device.h"
#include "base/interrupt.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::lua {
namespace {

/// Logits of batches, collected as what is predicted and how sure the network is.
struct Predictions {
    std::vector<at::Tensor> classes;
    std::vector<at::Tensor> confidences;

    void add(const at::Tensor& logits) {
        const auto [confidence, index] = logits.softmax(1).max(1);
        classes.push_back(index.cpu());
        confidences.push_back(confidence.cpu());
    }
};

void predict(model::Model& network, const data::Dataset& dataset, int64_t batch_size,
             Predictions& result) {
    for (int64_t begin = 0; begin < dataset.size(); begin += batch_size) {
        check_interrupt();
        const auto batch = dataset.batch(begin, std::min(begin + batch_size, dataset.size()));
        result.add(train::logits_of(network, batch.images, model::device_of(network), dataset, 0));
    }
}

void predict(model::Model& network, const at::Tensor& images, int64_t batch_size,
             Predictions& result) {
    require(images.dim() == 4 && images.size(0) > 0,
            "argument 2 (images): expected images [N, C, H, W], got {}", describe_tensor(images));
    for (const auto& batch : images.split(batch_size)) {
        check_interrupt();
        result.add(network.forward(
            batch.to(model::device_of(network)).contiguous(at::MemoryFormat::ChannelsLast)));
    }
}

int predict(Call& call) {
    call.at_most(3);
    const auto network = to_model(call.L, call.argument(1, "model"));
    const auto images = call.argument(2, "images");
    auto options = call.options(3);
    const int64_t batch_size = options.integer("batch_size", train::evaluation_batch);
    options.finish();
    require(batch_size >= 1, "option 'batch_size': expected at least 1, got {}", batch_size);
    // Copies: the network may be written in Lua and drop the objects.
    const at::Tensor* given = to_tensor(call.L, 2);
    const auto tensor = given != nullptr ? std::optional(*given) : std::nullopt;
    const auto* dataset = to_object<data::Dataset>(call.L, 2);
    if (!tensor && dataset == nullptr) {
        images.expected("a Dataset or a Tensor [N, C, H, W]");
    }
    Predictions result;
    {
        const at::NoGradGuard no_grad;
        const model::EvaluationScope evaluation(*network);
        tensor ? predict(*network, *tensor, batch_size, result)
               : predict(*network, data::Dataset(*dataset), batch_size, result);
    }
    return call.returns(at::cat(result.classes), at::cat(result.confidences));
}

int device(Call& call) {
    call.at_most(0);
    return call.returns(default_device().str());
}

const std::vector<Declaration> predict_declarations = {
    {"hfc.device", device,
     "hfc.device() -> \"cpu\" or \"cuda:N\"\n\nThe device of --device: where hfc.train works "
     "unless told otherwise, for loops of one's "
     "own: "
     "model:to(hfc.device())."},
    {"hfc.predict", predict,
     "hfc.predict(model, images, {batch_size = 100}) -> classes, confidences\n\nWhat the model "
     "takes images for: the class of the largest "
     "logit, int64 [N], and its softmax probability, float32 [N], on the CPU; in evaluation mode, "
     "without gradients.\n"
     "images: a Dataset, or a Tensor float32 [N, C, H, W]."},
};

}  // namespace

namespace detail {

void register_predict(lua_State* L) {
    declare(L, predict_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
