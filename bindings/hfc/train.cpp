// hfc.train and hfc.accuracy.
#include "train/train.h"

#include "base/device.h"
#include "base/interrupt.h"
#include "base/natural_order.h"
#include "bindings/hfc/attack.h"
#include "bindings/hfc/augment.h"
#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/loading.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/runtime/state.h"
#include "bindings/torch/optim.h"
#include "run/control.h"
#include "run/kernel_log.h"
#include "run/run.h"
#include "train/progress.h"

#include <algorithm>

namespace hfc::lua {
namespace {

std::vector<model::Probe> read_probes(lua_State* L, const Value& table) {
    if (!lua_istable(L, table.index())) {
        table.expected("a table name -> Dataset");
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

/// "adam", or {"sgd", lr = 0.1, momentum = 0.9}. The defaults are PyTorch's, but for Adam's lr,
/// which is the paper's.
optim::OptimizerOptions read_optimizer(lua_State* L, const Value& value) {
    optim::OptimizerOptions optimizer;
    if (lua_type(L, value.index()) == LUA_TSTRING) {
        const std::string name = value.text();
        return name == optimizer.name ? optimizer : optim::default_options(name);
    }
    if (!lua_istable(L, value.index())) {
        value.expected("a name or a table {name, lr = ...}");
    }
    lua_rawgeti(L, value.index(), 1);
    const std::string name = Value(L, lua_gettop(L), "option 'optimizer', the name").text();
    lua_pop(L, 1);
    if (name != optimizer.name) {
        optimizer = optim::default_options(name);
    }
    Options options(L, value.index());
    options.allow_list(1);
    read_optimizer_options(options, optimizer);
    options.finish();
    return optimizer;
}

/// How the batches are changed before they are trained on.
void read_recipe(lua_State* L, Options& options, train::TrainOptions& settings) {
    settings.mixup = options.number("mixup", settings.mixup);
    options.with("augment", [&](const Value& value) {
        if (!lua_istable(L, value.index())) {
            value.expected("a table of the settings of hfc.augment");
        }
        Options augment(L, value.index());
        settings.augment = read_augment(augment);
        augment.finish();
    });
    options.with("adversarial", [&](const Value& value) {
        const auto& attack = value.object<Attack>();
        require(!attack.several,
                "option 'adversarial': the attack must have one epsilon, it has a list of {}",
                attack.epsilons.size());
        settings.adversarial = attack.options;
    });
}

run::Json to_event(const train::EpochResult& result, const std::string& series) {
    run::Json event = run::Json::object();
    if (!series.empty()) {
        event["series"] = series;
    }
    event["epoch"] = result.epoch;
    event["step"] = result.step;
    event["loss"] = result.loss;
    event["accuracy"] = run::Json::object();
    for (const auto& [name, value] : result.accuracy) {
        event["accuracy"][name] = value;
    }
    event["images_per_second"] = result.images_per_second;
    event["train_seconds"] = result.train_seconds;
    event["probe_seconds"] = result.probe_seconds;
    return event;
}

void push_result(lua_State* L, const train::EpochResult& result) {
    lua_createtable(L, 0, 5);
    push(L, result.epoch);
    lua_setfield(L, -2, "epoch");
    push(L, result.step);
    lua_setfield(L, -2, "step");
    push(L, result.loss);
    lua_setfield(L, -2, "loss");
    push(L, result.images_per_second);
    lua_setfield(L, -2, "images_per_second");
    lua_createtable(L, 0, static_cast<int>(result.accuracy.size()));
    for (const auto& [name, value] : result.accuracy) {
        push(L, value);
        lua_setfield(L, -2, name.c_str());
    }
    lua_setfield(L, -2, "accuracy");
}

/// Everything the options of hfc.train say.
struct TrainCall {
    train::TrainOptions settings;
    std::string series;
    std::shared_ptr<run::Run> run;
    std::optional<bool> checkpoints;  ///< nothing: where there is a run
    bool quiet = false;
    bool log_kernels = false;
    int on_epoch = 0;  ///< stack index of the callback, or 0
};

TrainCall read_train_options(Call& call, int position) {
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
    options.with("optimizer",
                 [&](const Value& value) { settings.optimizer = read_optimizer(call.L, value); });
    options.with("probes",
                 [&](const Value& value) { settings.probes = read_probes(call.L, value); });
    settings.statistics = read_statistics(call.L, options);
    read_recipe(call.L, options, settings);
    options.with("log", [&](const Value& value) {
        if (const auto* run = to_object<std::shared_ptr<run::Run>>(call.L, value.index())) {
            result.run = *run;
        } else {
            const auto& series = value.object<Series>();
            result.series = series.name;
            result.run = series.run;
        }
    });
    options.with("checkpoints", [&](const Value& value) { result.checkpoints = value.boolean(); });
    settings.checkpoints.seconds =
        options.number("checkpoint_seconds", settings.checkpoints.seconds);
    require(result.run || !result.checkpoints.value_or(false),
            "option 'checkpoints': they are kept in a run directory, so 'log' must name one");
    result.quiet = options.boolean("quiet", false);
    result.log_kernels = options.boolean("log_kernels", false);
    require(result.run || !result.log_kernels,
            "option 'log_kernels': they are kept in a run directory, so 'log' must name one");
    bool callback = false;
    options.with("on_epoch", [&](const Value& value) {
        callback = lua_isfunction(call.L, value.index());
        if (!callback) {
            value.expected("a function");
        }
    });
    options.finish();
    if (callback) {
        lua_getfield(call.L, 3, "on_epoch");
        result.on_epoch = lua_gettop(call.L);
    }
    return result;
}

std::vector<train::EpochResult> train_or_say_how_to_go_on(model::Model& model,
                                                          const data::Dataset& dataset,
                                                          const TrainCall& call,
                                                          const train::Observer& observer) {
    try {
        return train::train(model, dataset, call.settings, observer);
    } catch (const Interrupted&) {
        if (!call.settings.checkpoints.folder.empty()) {
            std::fprintf(stderr, "To go on: hfc-host --resume %s\n", call.run->directory().c_str());
        }
        throw;
    }
}

/// Reads the run directory's control file. What is asked for is said once, and a stop is over with
/// this training.
std::function<run::Request()> requests_of(const std::filesystem::path& directory) {
    return [directory, last = run::Request::go_on]() mutable {
        const auto request = run::read_request(directory);
        if (request != last && request == run::Request::pause) {
            std::fprintf(stderr, "\nhfc-host: paused; to go on: echo go > '%s'\n",
                         run::control_file(directory).c_str());
        }
        last = request;
        return request;
    };
}

void drop_stop(const std::filesystem::path& directory) {
    if (run::read_request(directory) == run::Request::stop) {
        run::write_request(directory, run::Request::go_on);
    }
}

/// Checkpoints in the run's directory, and the requests of its control file.
void connect_with_run(lua_State* L, TrainCall& train_call) {
    if (!train_call.run) {
        return;
    }
    if (train_call.checkpoints.value_or(true)) {
        auto& checkpoints = train_call.settings.checkpoints;
        checkpoints.folder = train_call.run->next_checkpoints();
        checkpoints.resume = host_info(L).resume;
        checkpoints.warn = [](const std::string& text) {
            std::fprintf(stderr, "hfc-host: %s\n", text.c_str());
        };
    }
    drop_stop(train_call.run->directory());  // it was for a training before this one
    train_call.settings.request = requests_of(train_call.run->directory());
}

int train_model(Call& call) {
    const auto network = to_model(call.L, call.argument(1, "model"));
    const auto [dataset, next] = images_argument(call, 2, "images");
    call.at_most(next);
    TrainCall train_call = read_train_options(call, next);
    lua_State* L = call.L;
    connect_with_run(L, train_call);
    const std::string& series = train_call.series;
    std::optional<train::ProgressLine> line;
    if (!train_call.quiet) {
        line.emplace(series.empty() ? dataset.name() : series);
    }
    train::Observer observer;
    observer.on_batch = [&](const train::Progress& progress) {
        if (line) {
            line->on_batch(progress);
        }
    };
    observer.on_epoch = [&](const train::EpochResult& result) {
        if (train_call.run) {
            train_call.run->log(to_event(result, series));
        }
        if (train_call.log_kernels) {
            run::log_kernels(*train_call.run, series, network->parameters(), result.epoch);
        }
        if (line) {
            line->on_epoch(result, train_call.settings.epochs);
        }
        if (train_call.on_epoch != 0) {
            lua_pushvalue(L, train_call.on_epoch);
            push_result(L, result);
            protected_call(L, 1, 0);
        }
    };
    observer.on_skipped = [&](const std::vector<data::BadSample>& skipped) {
        tell_skipped(dataset.name(), skipped);
    };
    if (train_call.log_kernels) {
        run::log_kernels(*train_call.run, series, network->parameters(), 0);
    }
    const auto history = train_or_say_how_to_go_on(*network, dataset, train_call, observer);
    if (line && static_cast<int64_t>(history.size()) < train_call.settings.epochs) {
        std::fprintf(stderr, "hfc-host: stopped after epoch %zu of %lld, as asked\n",
                     history.size(), static_cast<long long>(train_call.settings.epochs));
    }
    if (train_call.run) {
        drop_stop(train_call.run->directory());  // it was for this training
    }
    lua_createtable(L, static_cast<int>(history.size()), 0);
    for (size_t i = 0; i < history.size(); ++i) {
        push_result(L, history[i]);
        lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
    return 1;
}

const std::vector<Declaration> train_declarations = {
    {"hfc.train", train_model,
     "hfc.train(model, images, {epochs = 100, batch_size = 100, optimizer = {\"adam\", lr = "
     "1e-4}, ...}) -> list of results\n\n"
     "Trains with cross-entropy, in a new order of the images each epoch; moves the model to the "
     "device; model.class_names become those of the data set. The defaults are the paper's.\n"
     "images: a Dataset, or a Tensor float32 [N, C, H, W] followed by a Tensor of labels, int64 "
     "[N].\n"
     "drop_last = false: leave out a last batch of fewer images, such as one in which BatchNorm "
     "would see a single value a channel. threads, bad = \"stop\": as for Dataset:batches. The "
     "threads that read change no number, also where a resume has others. With bad = \"skip\" the "
     "lines after the epoch name the first ten samples that were skipped.\n"
     "optimizer: a name or {name, lr = 1e-4, ...}; names and settings: those of torch.optim, "
     "small. lr: 1e-4 for adam, PyTorch's default "
     "for "
     "the others.\n"
     "seed = 0: of the order, of what is drawn for the images and of dropout; the same seed, "
     "machine and --threads give the same "
     "numbers to the last bit.\n"
     "probes: table name -> Dataset, whose accuracies are measured after each epoch. probe_samples "
     "= 0: on so many images of each, drawn "
     "once; 0 is all.\n"
     "statistics = \"running\": what BatchNorm normalises the probes by; see hfc.accuracy.\n"
     "augment: a table of the settings of hfc.augment; adversarial: an Attack, such as "
     "hfc.attack.pgd {}, whose images are trained on in "
     "place of the images. What an image gets of both depends on the seed, the epoch and the "
     "image's index in its source: not on the batch size or on the images beside it. mixup = 0: "
     "alpha of mix-up's Beta distribution; each batch has one mixing coefficient.\n"
     "device: \"auto\", \"cpu\", \"cuda\" or \"cuda:N\"; --device unless given. log: a Series or "
     "Run that gets each epoch's event.\n"
     "checkpoints: true where there is a log: kept in its run directory, every checkpoint_seconds "
     "= 60, so that `hfc-host --resume DIR` "
     "goes on to the same numbers; the last and the best (by the probe 'test', else the first one, "
     "else the loss) stay.\n"
     "With a log, the word in the run directory's file `control` is looked at between batches: "
     "`pause` waits until it is `go` or gone, "
     "`stop` ends the training after the epoch. The viewer's buttons write it.\n"
     "log_kernels = false: before the first and after each epoch, log the kernels of the first "
     "convolution as the pictures `kernels "
     "SERIES`, "
     "for the viewer.\n"
     "on_epoch: function(result) called after each epoch. quiet = false: no progress lines.\n"
     "A result is {epoch, step, loss, images_per_second, accuracy = {probe = share}}.\n"
     "Errors: a setting out of range, fewer images than a batch with drop_last, images the model "
     "cannot take, a loss that is not finite "
     "(naming epoch and batch)."},
};

}  // namespace

namespace detail {

void register_train(lua_State* L) {
    declare(L, train_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
