#include "bindings/hfc/train_options.h"

#include "base/device.h"
#include "base/natural_order.h"
#include "base/utf8.h"
#include "bindings/hfc/attack.h"
#include "bindings/hfc/augment.h"
#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/loading.h"
#include "bindings/hfc/log.h"
#include "bindings/hfc/lua_objective.h"
#include "bindings/hfc/precision.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/optim.h"
#include "data/transform/augment.h"
#include "data/transform/mixup.h"
#include "train/adversarial.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace hfc::lua {
namespace {

/// The fields of an epoch's event. Metrics must not have these names.
constexpr std::string_view epoch_fields[] = {"series",
                                             "epoch",
                                             "step",
                                             "loss",
                                             "terms",
                                             "accuracy",
                                             "images_per_second",
                                             "train_seconds",
                                             "probe_seconds",
                                             "time",
                                             "metrics",
                                             "milliseconds"};

std::vector<model::Probe> read_probes(lua_State* L, const Value& table) {
    if (!lua_istable(L, table.index())) {
        table.expected("a table {name = Dataset}");
    }
    std::vector<model::Probe> probes;
    lua_pushnil(L);
    while (lua_next(L, table.index()) != 0) {
        require(lua_type(L, -2) == LUA_TSTRING, "option 'probes': expected names as keys, got {}",
                describe(L, -2));
        const std::string name = lua_tostring(L, -2);
        probes.push_back({name, Value(L, lua_gettop(L), fmt::format("option 'probes', '{}'", name))
                                    .object<data::Dataset>()});
        lua_pop(L, 1);
    }
    std::sort(probes.begin(), probes.end(),
              [](const auto& a, const auto& b) { return natural_less(a.name, b.name); });
    return probes;
}

/// {"top5", name = function(logits, labels) return number end}. The accuracy is always measured.
std::vector<train::MetricPtr> read_metrics(lua_State* L, const Value& table) {
    if (!lua_istable(L, table.index())) {
        table.expected("a list of names and functions {\"top5\", name = function}");
    }
    std::vector<train::MetricPtr> metrics;
    for (lua_pushnil(L); lua_next(L, table.index()) != 0; lua_pop(L, 1)) {
        const Value value(L, lua_gettop(L), "an entry of option 'metrics'");
        if (lua_type(L, -2) != LUA_TSTRING) {
            require(!lua_isfunction(L, -1),
                    "option 'metrics': a function must have a name: {{name = function}}");
            if (const auto name = value.text(); name != "accuracy") {
                metrics.push_back(train::make_metric(name));
            }
            continue;
        }
        const auto name = to_utf8(lua_tostring(L, -2));
        if (!lua_isfunction(L, -1)) {
            value.expected("a function(logits, labels)");
        }
        lua_pushvalue(L, -1);
        metrics.push_back(make_lua_metric(L, name));
    }
    std::ranges::sort(metrics, natural_less, &train::Metric::name);
    for (size_t i = 0; i < metrics.size(); ++i) {
        const auto& name = metrics[i]->name();
        require(std::ranges::find(epoch_fields, name) == std::end(epoch_fields),
                "option 'metrics': the name '{}' is already used for another value that is logged "
                "per epoch",
                name);
        require(i == 0 || metrics[i - 1]->name() != name, "option 'metrics': '{}' occurs twice",
                name);
    }
    return metrics;
}

/// The name in {name, setting = value}, the table given as option `key`. `expected` describes the
/// values that the option accepts.
std::string name_in_table(lua_State* L, const Value& value, const char* key, const char* expected) {
    if (!lua_istable(L, value.index())) {
        value.expected(expected);
    }
    lua_rawgeti(L, value.index(), 1);
    const auto name = Value(L, lua_gettop(L), fmt::format("the name in option '{}'", key)).text();
    lua_pop(L, 1);
    return name;
}

/// "adam", or {"sgd", lr = 0.1, momentum = 0.9}. The defaults are PyTorch's, except Adam's lr,
/// which is the paper's.
optim::OptimizerOptions read_optimizer(lua_State* L, const Value& value) {
    optim::OptimizerOptions optimizer;
    if (lua_type(L, value.index()) == LUA_TSTRING) {
        const std::string name = value.text();
        return name == optimizer.name ? optimizer : optim::default_options(name);
    }
    const auto name = name_in_table(L, value, "optimizer",
                                    "a name, a table {name, lr = ...} or a torch.optim optimizer");
    if (name != optimizer.name) {
        optimizer = optim::default_options(name);
    }
    Options options(L, value.index());
    options.allow_list(1);
    read_optimizer_options(options, optimizer);
    options.finish();
    return optimizer;
}

/// "cross_entropy", {"cross_entropy", label_smoothing = .1} or a function.
train::ObjectivePtr read_loss(lua_State* L, const Value& value) {
    if (lua_isfunction(L, value.index())) {
        lua_pushvalue(L, value.index());
        return make_lua_objective(L, 1);
    }
    if (lua_type(L, value.index()) == LUA_TSTRING) {
        return train::make_objective(value.text());
    }
    if (!lua_istable(L, value.index())) {
        value.expected("a name, a table {name, ...} or a function");
    }
    std::string name;
    train::ObjectiveSettings settings;
    for (lua_pushnil(L); lua_next(L, value.index()) != 0; lua_pop(L, 1)) {
        const Value setting(L, lua_gettop(L), "an entry of option 'loss'");
        if (lua_type(L, -2) == LUA_TSTRING) {
            settings[lua_tostring(L, -2)] = setting.number();
        } else {
            name = setting.text();
        }
    }
    return train::make_objective(name, settings);
}

/// "cosine", {"cosine", warmup = 5} or a function.
train::RateSchedulePtr read_schedule(lua_State* L, const Value& value) {
    if (lua_isfunction(L, value.index())) {
        lua_pushvalue(L, value.index());
        return make_lua_schedule(L);
    }
    train::RateScheduleOptions settings;
    if (lua_type(L, value.index()) == LUA_TSTRING) {
        settings.name = value.text();
        return train::make_rate_schedule(settings);
    }
    settings.name =
        name_in_table(L, value, "schedule", "a name, a table {name, ...} or a function");
    Options options(L, value.index());
    options.allow_list(1);
    settings.warmup = options.number("warmup", settings.warmup);
    settings.pct_start = options.number("pct_start", settings.pct_start);
    settings.least = options.number("least", settings.least);
    settings.gamma = options.number("gamma", settings.gamma);
    settings.size = options.integer("size", settings.size);
    settings.milestones = options.numbers("milestones", {});
    options.finish();
    return train::make_rate_schedule(settings);
}

/// Reads the transforms of the images, and the loss to minimise.
void read_objective(lua_State* L, Options& options, const data::Dataset& dataset,
                    train::TrainOptions& settings) {
    options.with("augment", [&](const Value& value) {
        if (!lua_istable(L, value.index())) {
            value.expected("a table of options for hfc.augment");
        }
        Options augment(L, value.index());
        const auto given = read_augment(augment);
        augment.finish();
        if (given.any()) {
            settings.transforms.push_back(std::make_shared<data::AugmentTransform>(given));
        }
    });
    const double alpha = options.number("mixup", 0);
    if (alpha != 0) {
        settings.transforms.push_back(std::make_shared<data::MixUp>(alpha, dataset.classes()));
    }
    options.with("loss", [&](const Value& value) { settings.objective = read_loss(L, value); });
    options.with("adversarial", [&](const Value& value) {
        const auto& attack = value.object<Attack>();
        require(!attack.several,
                "option 'adversarial': the attack must have a single epsilon, got {} epsilons",
                attack.epsilons.size());
        require(alpha == 0,
                "options 'mixup' and 'adversarial' are mutually exclusive, but both are given");
        const auto inner =
            settings.objective ? settings.objective : train::make_objective("cross_entropy");
        settings.objective = train::make_adversarial(inner, attack.options);
    });
}

/// Reads the options for the training steps, validation and early stopping.
void read_steps(lua_State* L, Options& options, train::TrainOptions& settings) {
    settings.synchronised_norms =
        options.boolean("synchronised_norms", settings.synchronised_norms);
    settings.bfloat16 = read_bfloat16(options, settings.device);
    options.with("schedule",
                 [&](const Value& value) { settings.schedule = read_schedule(L, value); });
    options.with("average", [&](const Value& value) { settings.average = value.number(); });
    options.with("clip_norm", [&](const Value& value) { settings.clip_norm = value.number(); });
    settings.accumulate = options.integer("accumulate", settings.accumulate);
    options.with("validation",
                 [&](const Value& value) { settings.validation = value.object<data::Dataset>(); });
    settings.keep_best = options.boolean("keep_best", settings.keep_best);
    options.with("early_stop", [&](const Value& value) {
        if (!lua_istable(L, value.index())) {
            value.expected("a table {patience = epochs}");
        }
        Options early(L, value.index());
        early.with("patience",
                   [&](const Value& patience) { settings.patience = patience.integer(); });
        early.finish();
        require(settings.patience.has_value(), "option 'early_stop': 'patience' is missing");
    });
}

Reference read_function(lua_State* L, Options& options, const char* key) {
    Reference result;
    options.with(key, [&](const Value& value) {
        if (!lua_isfunction(L, value.index())) {
            value.expected("a function");
        }
        lua_pushvalue(L, value.index());
        result = Reference(L);
    });
    return result;
}

/// Reads the options for events and checkpoints.
void read_destination(lua_State* L, Options& options, TrainCall& result) {
    const auto log = read_log(L, options);
    result.series = log.name;
    result.run = log.run;
    options.with("checkpoints", [&](const Value& value) { result.checkpoints = value.boolean(); });
    auto& seconds = result.settings.checkpoints.seconds;
    seconds = options.number("checkpoint_seconds", seconds);
    require(result.run || !result.checkpoints.value_or(false),
            "option 'checkpoints' requires 'log': checkpoints are stored in the run directory "
            "of the log");
    result.quiet = options.boolean("quiet", false);
    result.log_kernels = options.boolean("log_kernels", false);
    require(result.run || !result.log_kernels,
            "option 'log_kernels' requires 'log': kernels are stored in the run directory of "
            "the log");
}

}  // namespace

TrainCall read_train_options(Call& call, int position, const data::Dataset& dataset) {
    TrainCall result;
    auto& settings = result.settings;
    settings.device = default_device();
    auto options = call.options(position);
    settings.epochs = options.integer("epochs", settings.epochs);
    settings.batch_size = options.integer("batch_size", settings.batch_size);
    settings.drop_last = options.boolean("drop_last", settings.drop_last);
    settings.threads = read_threads(options);
    settings.bad = read_bad(options);
    settings.seed = static_cast<uint64_t>(options.integer("seed", 0));
    settings.probe_samples = options.integer("probe_samples", settings.probe_samples);
    options.with("device",
                 [&](const Value& value) { settings.device = parse_device(value.text()); });
    options.with("optimizer", [&](const Value& value) {
        if (const auto* object = to_object<OptimizerPtr>(call.L, value.index())) {
            settings.given_optimizer = *object;
        } else {
            settings.optimizer = read_optimizer(call.L, value);
        }
    });
    options.with("probes",
                 [&](const Value& value) { settings.probes = read_probes(call.L, value); });
    options.with("metrics",
                 [&](const Value& value) { settings.metrics = read_metrics(call.L, value); });
    settings.statistics = read_statistics(call.L, options);
    read_objective(call.L, options, dataset, settings);
    read_steps(call.L, options, settings);
    read_destination(call.L, options, result);
    result.on_epoch = read_function(call.L, options, "on_epoch");
    result.on_step = read_function(call.L, options, "on_step");
    options.finish();
    return result;
}

}  // namespace hfc::lua
