// hfc.train and hfc.accuracy.
#include "train/train.h"

#include "base/interrupt.h"
#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/loading.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/register.h"
#include "bindings/hfc/train_options.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/runtime/state.h"
#include "parallel/group.h"
#include "run/control.h"
#include "run/run.h"
#include "smooth/kernel_log.h"
#include "train/progress.h"

#include <algorithm>

namespace hfc::lua {
namespace {

run::Json to_event(const train::EpochResult& result, const std::string& series) {
    run::Json event = run::Json::object();
    if (!series.empty()) {
        event["series"] = series;
    }
    event["epoch"] = result.epoch;
    event["step"] = result.step;
    event["loss"] = result.loss;
    for (const auto& [name, value] : result.terms) {
        event["terms"][name] = value;
    }
    event["accuracy"] = run::Json::object();
    for (const auto& [name, value] : result.accuracy) {
        event["accuracy"][name] = value;
    }
    for (const auto& metric : result.metrics) {
        for (const auto& [name, value] : metric.values) {
            event[metric.metric][name] = value;
        }
    }
    for (const auto& [name, milliseconds] : result.timers) {
        event["milliseconds"][name] = milliseconds;
    }
    event["images_per_second"] = result.images_per_second;
    event["train_seconds"] = result.train_seconds;
    event["probe_seconds"] = result.probe_seconds;
    return event;
}

/// Sets a field of the table on the top of the stack to {name = value, ...}.
void set_table(lua_State* L, const char* key,
               const std::vector<std::pair<std::string, double>>& values) {
    lua_createtable(L, 0, static_cast<int>(values.size()));
    for (const auto& [name, value] : values) {
        set_field(L, name.c_str(), value);
    }
    lua_setfield(L, -2, key);
}

void push_result(lua_State* L, const train::EpochResult& result) {
    lua_createtable(L, 0, 7);
    set_field(L, "epoch", result.epoch);
    set_field(L, "step", result.step);
    set_field(L, "loss", result.loss);
    set_field(L, "images_per_second", result.images_per_second);
    set_table(L, "accuracy", result.accuracy);
    set_table(L, "terms", result.terms);
    lua_createtable(L, 0, static_cast<int>(result.metrics.size()));
    for (const auto& metric : result.metrics) {
        set_table(L, metric.metric.c_str(), metric.values);
    }
    lua_setfield(L, -2, "metrics");
    if (!result.timers.empty()) {
        set_table(L, "milliseconds", {result.timers.begin(), result.timers.end()});
    }
}

std::vector<train::EpochResult> train_or_say_how_to_go_on(model::Model& model,
                                                          const data::Dataset& dataset,
                                                          const TrainCall& call,
                                                          const train::Observer& observer) {
    try {
        return train::train(model, dataset, call.settings, observer);
    } catch (const Interrupted&) {
        if (!call.settings.checkpoints.folder.empty() && parallel::world().leads()) {
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
            if (parallel::world().leads()) {
                std::fprintf(stderr, "hfc-host: %s\n", text.c_str());
            }
        };
    }
    if (train_call.run->silent()) {
        return;
    }
    drop_stop(train_call.run->directory());  // it was for a training before this one
    train_call.settings.request = requests_of(train_call.run->directory());
}

/// Whether what on_epoch returned, on the top of the stack, asks for the end of the training.
bool wants_stop(lua_State* L) {
    const bool text = lua_type(L, -1) == LUA_TSTRING;
    require(lua_isnil(L, -1) || (text && std::string_view(lua_tostring(L, -1)) == "stop"),
            "option 'on_epoch': the function must return nothing or \"stop\", got {}",
            describe(L, -1));
    return text;
}

void push_step(lua_State* L, const train::StepResult& step) {
    lua_createtable(L, 0, 4);
    set_field(L, "epoch", step.epoch);
    set_field(L, "step", step.step);
    set_field(L, "loss", step.loss);
    set_field(L, "lr", step.lr);
}

/// Who an epoch is told to: the run's log, the progress line, the script.
void tell_epoch(lua_State* L, const TrainCall& call, const model::Model& network,
                train::ProgressLine* line, const train::EpochResult& result, bool& stop) {
    if (call.run) {
        call.run->log(to_event(result, call.series));
    }
    if (call.log_kernels) {
        smooth::log_kernels(*call.run, call.series, network.parameters(), result.epoch);
    }
    if (line != nullptr) {
        line->on_epoch(result, call.settings.epochs);
    }
    if (call.on_epoch) {
        call.on_epoch.push(L);
        push_result(L, result);
        protected_call(L, 1, 1);
        stop = stop || wants_stop(L);
        lua_pop(L, 1);
    }
}

/// stop: set where on_epoch asks for the end. All must outlive the observer.
train::Observer observer_of(lua_State* L, const TrainCall& call, const data::Dataset& dataset,
                            const model::Model& network, train::ProgressLine* line, bool& stop) {
    train::Observer observer;
    observer.on_batch = [line](const train::Progress& progress) {
        if (line != nullptr) {
            line->on_batch(progress);
        }
    };
    observer.on_epoch = [=, &call, &network, &stop](const train::EpochResult& result) {
        tell_epoch(L, call, network, line, result, stop);
    };
    if (call.on_step) {
        observer.on_step = [L, &call](const train::StepResult& step) {
            call.on_step.push(L);
            push_step(L, step);
            protected_call(L, 1, 0);
        };
    }
    observer.on_skipped = [&dataset](const std::vector<data::BadSample>& skipped) {
        if (parallel::world().leads()) {
            tell_skipped(dataset.name(), skipped);
        }
    };
    return observer;
}

/// history:last(): the accuracies of the last epoch.
int last_accuracies(lua_State* L) {
    return guarded(L, "history:last", [&] {
        luaL_checktype(L, 1, LUA_TTABLE);
        lua_rawgeti(L, 1, static_cast<int>(lua_objlen(L, 1)));
        if (lua_istable(L, -1)) {
            lua_getfield(L, -1, "accuracy");
        } else {
            lua_newtable(L);
        }
        return 1;
    });
}

void push_history(lua_State* L, const std::vector<train::EpochResult>& history) {
    lua_createtable(L, static_cast<int>(history.size()), 0);
    for (size_t i = 0; i < history.size(); ++i) {
        push_result(L, history[i]);
        lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
    lua_createtable(L, 0, 2);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, last_accuracies);
    lua_setfield(L, -2, "last");
    lua_setfield(L, -2, "__index");
    set_field(L, "__metatable", false);
    lua_setmetatable(L, -2);
}

int train_model(Call& call) {
    const auto network = to_model(call.L, call.argument(1, "model"));
    // clang 14 captures no structured bindings
    const auto images = images_argument(call, 2, "images");
    const auto& dataset = images.dataset;
    call.at_most(images.next);
    TrainCall train_call = read_train_options(call, images.next, dataset);
    lua_State* L = call.L;
    bool stop = false;  // as on_epoch asked
    connect_with_run(L, train_call);
    train_call.settings.request = [&stop, asked = train_call.settings.request] {
        return stop ? run::Request::stop : asked ? asked() : run::Request::go_on;
    };
    const std::string& series = train_call.series;
    std::optional<train::ProgressLine> line;
    if (!train_call.quiet && parallel::world().leads()) {
        line.emplace(series.empty() ? dataset.name() : series);
    }
    const auto observer =
        observer_of(L, train_call, dataset, *network, line ? &*line : nullptr, stop);
    if (train_call.log_kernels) {
        smooth::log_kernels(*train_call.run, series, network->parameters(), 0);
    }
    const auto history = train_or_say_how_to_go_on(*network, dataset, train_call, observer);
    if (line && static_cast<int64_t>(history.size()) < train_call.settings.epochs) {
        std::fprintf(stderr, "hfc-host: stopped after epoch %zu of %lld, as asked\n",
                     history.size(), static_cast<long long>(train_call.settings.epochs));
    }
    if (train_call.run && !train_call.run->silent()) {
        drop_stop(train_call.run->directory());  // it was for this training
    }
    push_history(L, history);
    return 1;
}

const std::vector<Declaration> train_declarations = {
    {"hfc.train", train_model,
     "hfc.train(model, images, {epochs = 100, batch_size = 100, optimizer = {\"adam\", lr = "
     "1e-4}, ...}) -> list of results\n\n"
     "Trains by a loss, in a new order of the images each epoch; moves the model to the device; "
     "model.class_names become those of the data set. The defaults are the paper's. The global "
     "random state is afterwards as it was before.\n"
     "images: a Dataset, or a Tensor float32 [N, C, H, W] followed by a Tensor of labels, int64 "
     "[N].\n"
     "drop_last = false: leave out a last batch of fewer images, such as one in which BatchNorm "
     "would see a single value a channel. threads, bad = \"stop\": as for Dataset:batches. The "
     "threads that read change no number, also where a resume has others. With bad = \"skip\" the "
     "lines after the epoch name the first ten samples that were skipped.\n"
     "optimizer: a name or {name, lr = 1e-4, ...}; names and settings: those of torch.optim, "
     "small. lr: 1e-4 for adam, PyTorch's default "
     "for "
     "the others. Or an optimizer of torch.optim over parameters of the model. Its groups may have "
     "rates of their own; parameters in no group do not change. The optimizer keeps its state, and "
     "its rates are restored afterwards. Move a network of torch.nn to the device before.\n"
     "loss = \"cross_entropy\", {\"cross_entropy\", label_smoothing = .1}, or function(model, "
     "images, labels, step) return loss, {term = value} end: loss is a Tensor of one element with "
     "a "
     "gradient, the mean over the images; terms, numbers or Tensors of one element, are reported "
     "as "
     "means over the epoch. step is {epoch, step, samples}. labels are int64 [n], with mixup "
     "float32 [n, classes], for a data set without labels nil.\n"
     "schedule: factors of lr. {\"cosine\" or \"linear\", warmup = 0, least = 0} over all epochs, "
     "{\"step\", size = 30, gamma = .1}, {\"multistep\", milestones = {epoch, ...}, gamma = .1}, "
     "{\"exponential\", gamma = .1}, {\"constant\"}, each with warmup = epochs of linear warm-up; "
     "or "
     "function(epoch, step) return factor end, both counted from 1.\n"
     "Several processes (see hfc.parallel) share each batch, so batch_size is that of all "
     "together; "
     "all call hfc.train with the same arguments. Mix-up mixes the images of one process. "
     "synchronised_norms = false: whether BatchNorm normalises by the images of all processes (in "
     "the built-in networks only), else each by its own, with running statistics averaged.\n"
     "bfloat16 = false: passes in bfloat16 (torch.autocast), the weights in float32; see "
     "hfc.mask.learn.\n"
     "average: the decay, such as .999, of an exponential moving average of weights and buffers. "
     "Probes, on_epoch and the best checkpoint use it, and after the training the model has the "
     "averaged weights.\n"
     "clip_norm: the largest norm of all gradients together. accumulate = 1: batches per step; "
     "their "
     "gradients are those of one large batch.\n"
     "validation: a Dataset; its accuracy, the probe 'validation', says which epoch is best. "
     "early_stop = {patience = n}: ends the training once n epochs have passed since the best one "
     "(without validation: the one of the least loss).\n"
     "seed = 0: of the order, of what is drawn for the images and of dropout; the same seed, "
     "machine and --threads give the same "
     "numbers to the last bit.\n"
     "probes: table name -> Dataset, whose accuracies are measured after each epoch. probe_samples "
     "= 0: on so many images of each, drawn "
     "once; 0 is all.\n"
     "metrics: a list of further figures of each probe: \"top5\", \"cross_entropy\", "
     "\"calibration_error\" (of hfc.calibration_error), \"class_accuracy\" (the mean over the "
     "classes), and name = function(logits, labels) return number end. logits are float32 [N, "
     "classes] and labels int64 [N] of the whole probe, on the CPU. The log has each metric under "
     "its name, so that run:plot(name, {y = \"top5\"}) draws it.\n"
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
     "goes on to the same numbers; the last and the best (by the probe 'validation', else the "
     "loss; "
     "never by a test set) stay. A Lua function is compared by its code, not by the "
     "variables that it captures.\n"
     "With a log, the word in the run directory's file `control` is looked at between batches: "
     "`pause` waits until it is `go` or gone, "
     "`stop` ends the training after the epoch. The viewer's buttons write it.\n"
     "log_kernels = false: before the first and after each epoch, log the kernels of the first "
     "convolution as the pictures `kernels "
     "SERIES`, "
     "for the viewer.\n"
     "on_epoch: function(result) called after each epoch; where it returns \"stop\", the training "
     "ends. on_step: function {epoch, step, loss, lr} called after each step. quiet = false: no "
     "progress lines.\n"
     "A result is {epoch, step, loss, terms, images_per_second, accuracy = {probe = fraction}, "
     "metrics = {metric = {probe = number}}}; of "
     "several processes also milliseconds = {backward, communication, overlap} a step. "
     "results:last() is the table `accuracy` of the last one.\n"
     "Errors: a setting out of range, fewer images than a batch with drop_last, images the model "
     "cannot take, a loss that is not finite "
     "(naming epoch and batch; the weights are as before the step)."},
};

}  // namespace

namespace detail {

void register_train(lua_State* L) {
    declare(L, train_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
