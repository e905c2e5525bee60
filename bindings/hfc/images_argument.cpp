#include "bindings/hfc/images_argument.h"

#include "base/images.h"
#include "bindings/hfc/precision.h"
#include "bindings/hfc/register.h"
#include "bindings/torch/tensor.h"

#include <cstdio>

namespace hfc::lua {
namespace {

model::Statistics read_adapted(lua_State* L, const Value& value) {
    Options table(L, value.index());
    model::Statistics statistics;
    table.with("adapted", [&](const Value& adapted) {
        if (!lua_istable(L, adapted.index())) {
            adapted.expected("a table {images = n, source_weight = N}");
        }
        Options settings(L, adapted.index());
        statistics.kind = model::Statistics::Kind::adapted;
        statistics.images = settings.integer("images", 0);
        statistics.source_weight = settings.number("source_weight", 0);
        settings.finish();
    });
    table.finish();
    return statistics;
}

}  // namespace

ImagesArgument images_argument(Call& call, int position, const char* parameter,
                               const at::Tensor& labels, bool labels_follow) {
    const auto value = call.argument(position, parameter);
    if (const auto* found = to_object<data::Dataset>(call.L, position)) {
        // A copy, because a network written in Lua may release the object.
        return {labels.defined() ? found->with_labels(labels) : *found, position + 1};
    }
    const at::Tensor* images = to_tensor(call.L, position);
    if (images == nullptr) {
        value.expected("a Dataset or a Tensor [N, C, H, W]");
    }
    require(images->defined() && images->scalar_type() == at::kFloat && images->dim() == 4 &&
                images->numel() > 0,
            "{}: expected a Tensor float32 [N, C, H, W] with at least one image, got {}{}",
            value.name(), describe_tensor(*images), image_advice(*images));
    const at::Tensor* after = labels_follow ? to_tensor(call.L, position + 1) : nullptr;
    return {data::dataset_of(*images, labels.defined()   ? labels
                                      : after != nullptr ? *after
                                                         : at::Tensor()),
            position + (after != nullptr ? 2 : 1)};
}

at::Tensor tensor_option(Options& options, const char* key) {
    at::Tensor tensor;
    options.with(key, [&](const Value& value) { tensor = value.object<LuaTensor>().tensor; });
    return tensor;
}

model::Statistics read_statistics(lua_State* L, Options& options) {
    model::Statistics statistics;
    options.with("statistics", [&](const Value& value) {
        if (lua_istable(L, value.index())) {
            statistics = read_adapted(L, value);
            return;
        }
        const auto text = value.text();
        require(text == "running" || text == "batch",
                "option 'statistics': expected \"running\", \"batch\" or {{adapted = {{images = "
                "n, source_weight = N}}}}, got '{}'",
                text);
        statistics.kind =
            text == "batch" ? model::Statistics::Kind::batch : model::Statistics::Kind::running;
    });
    return statistics;
}

model::Inference::Options read_inference(lua_State* L, Options& options, at::Device device) {
    model::Inference::Options inference;
    options.with("batch_size", [&](const Value& value) {
        inference.batch_size = value.integer();
        require(*inference.batch_size >= 1, "option 'batch_size': expected at least 1, got {}",
                *inference.batch_size);
    });
    inference.bfloat16 = read_bfloat16(options, device);
    inference.tf32 = read_tf32(options, device);
    inference.statistics = read_statistics(L, options);
    return inference;
}

void SlowProgress::tell(const std::string& where) {
    const auto now = std::chrono::steady_clock::now();
    if (now - told_ > std::chrono::seconds(10)) {
        told_ = now;
        std::fprintf(stderr, "%s: %s\n", what_.c_str(), where.c_str());
    }
}

}  // namespace hfc::lua
