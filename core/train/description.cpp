#include "train/description.h"

#include "base/utf8.h"
#include "optim/optimizer.h"

#include <c10/core/DeviceType.h>

namespace hfc::train {

using checkpoint::Json;

namespace {

/// Null for the default, as in describe_transforms().
Json describe_statistics(const model::Statistics& statistics) {
    using Kind = model::Statistics::Kind;
    if (statistics.kind == Kind::running) {
        return {};
    }
    return statistics.kind == Kind::batch
               ? Json("batch")
               : Json{{"images", statistics.images}, {"source_weight", statistics.source_weight}};
}

/// Null if there are none, as in describe_transforms().
Json describe_metrics(const std::vector<MetricPtr>& metrics) {
    Json all;
    for (const auto& metric : metrics) {
        all.push_back(metric->describe());
    }
    return all;
}

/// Null if none of these options is set, so that the description is the same as in a checkpoint
/// from before these options existed.
Json describe_steps(const TrainOptions& options) {
    Json steps;
    if (options.bfloat16) {
        steps["bfloat16"] = true;
    }
    if (options.clip_norm) {
        steps["clip_norm"] = *options.clip_norm;
    }
    if (options.accumulate > 1) {
        steps["accumulate"] = options.accumulate;
    }
    if (options.patience) {
        steps["patience"] = *options.patience;
    }
    if (options.keep_best) {
        steps["keep_best"] = true;
    }
    if (options.average) {
        steps["average"] = *options.average;
    }
    return steps;
}

}  // namespace

Json describe_transforms(const data::Transforms& transforms) {
    Json all;
    for (const auto& transform : transforms) {
        all.push_back({to_utf8(transform->describe()), to_utf8(transform->fingerprint())});
    }
    return all;
}

Json describe(const optim::OptimizerOptions& options) {
    Json optimizer = {{"name", options.name}};
    for (const auto& setting : optim::settings_of(options.name)) {
        // A flag that is not set is left out, as in a checkpoint from before the flag existed.
        const bool later = setting.flag == &optim::OptimizerOptions::amsgrad ||
                           setting.flag == &optim::OptimizerOptions::maximize ||
                           setting.flag == &optim::OptimizerOptions::decoupled_weight_decay;
        if (later && !(options.*setting.flag)) {
            continue;
        }
        optimizer[setting.name] =
            setting.number != nullptr ? Json(options.*setting.number) : Json(options.*setting.flag);
    }
    return optimizer;
}

Json describe(const data::Dataset& dataset, const TrainOptions& options) {
    Json probes = Json::array();
    Json probe_content = Json::array();
    for (const auto& probe : options.probes) {
        probes.push_back(to_utf8(probe.name));
        probe_content.push_back(probe.dataset.fingerprint());
    }
    return {{"probes", probes},
            {"dataset", to_utf8(dataset.name())},
            {"images", dataset.size()},
            {"shape", {dataset.channels(), dataset.height(), dataset.width()}},
            {"content", dataset.fingerprint()},
            {"probe_content", probe_content},
            {"batch_size", options.batch_size},
            {"drop_last", options.drop_last ? Json(true) : Json()},
            {"bad", options.bad == data::Bad::skip ? Json("skip") : Json()},
            {"seed", options.seed},
            {"device", c10::DeviceTypeName(options.device.type(), /*lower_case=*/true)},
            {"optimizer", options.given_optimizer ? Json("given") : describe(options.optimizer)},
            {"probe_samples", options.probe_samples},
            {"metrics", describe_metrics(options.metrics)},
            {"transforms", describe_transforms(options.transforms)},
            {"objective", options.objective ? options.objective->describe() : Json()},
            {"schedule", options.schedule ? options.schedule->describe(options.epochs) : Json()},
            {"steps", describe_steps(options)},
            {"synchronised_norms", options.synchronised_norms ? Json(true) : Json()},
            // Older versions had these in place of transforms and objective; always null now.
            {"augment", Json()},
            {"mixup", Json()},
            {"adversarial", Json()},
            {"statistics", describe_statistics(options.statistics)}};
}

}  // namespace hfc::train
