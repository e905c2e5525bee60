// hfc.train.
#include "train/train.h"

#include "base/interrupt.h"
#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/loading.h"
#include "bindings/hfc/log.h"
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

run::Json to_event(const train::EpochResult& result) {
    run::Json event = run::Json::object();
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
            std::fprintf(stderr, "To continue: hfc-host --resume %s\n",
                         call.run->directory().c_str());
        }
        throw;
    }
}

/// Returns a function that reads the run directory's control file and prints a message when a pause
/// starts.
std::function<run::Request()> requests_of(const std::filesystem::path& directory) {
    return [directory, last = run::Request::go_on]() mutable {
        const auto request = run::read_request(directory);
        if (request != last && request == run::Request::pause) {
            std::fprintf(stderr,
                         "\n"
                         "hfc-host: paused; to continue: echo go > '%s'\n",
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

/// Connects training to the run directory: writes checkpoints there and obeys its control file.
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
    drop_stop(train_call.run->directory());  // the request was for an earlier training run
    train_call.settings.request = requests_of(train_call.run->directory());
}

/// Whether the result of on_epoch, on the top of the stack, requests the end of training.
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

/// Reports an epoch to the run's log, the progress line and the script.
void tell_epoch(lua_State* L, const TrainCall& call, const model::Model& network,
                train::ProgressLine* line, const train::EpochResult& result, bool& stop) {
    if (call.run) {
        log_to({call.run, call.series}, to_event(result));
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

/// stop: set if on_epoch requests the end of training. All arguments must outlive the observer.
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
    // clang 14 cannot capture structured bindings in lambdas
    const auto images = images_argument(call, 2, "images");
    const auto& dataset = images.dataset;
    call.at_most(images.next);
    TrainCall train_call = read_train_options(call, images.next, dataset);
    lua_State* L = call.L;
    bool stop = false;  // whether on_epoch requested it
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
        std::fprintf(stderr, "hfc-host: stopped after epoch %zu of %lld, as requested\n",
                     history.size(), static_cast<long long>(train_call.settings.epochs));
    }
    if (train_call.run && !train_call.run->silent()) {
        drop_stop(train_call.run->directory());  // the request was for this training run
    }
    push_history(L, history);
    return 1;
}

const std::vector<Declaration> train_declarations = {
    {"hfc.train", train_model,
     "hfc.train(model, images, {epochs = 100, batch_size = 100, optimizer = {\"adam\", lr = 1e-4}, "
     "...}) -> list of results\n\n"
     "Trains the model to minimise a loss, with a new image order in each epoch. hfc.train moves "
     "the model to the device and sets model.class_names from the data set. The defaults are the "
     "paper's. The global random state does not change.\n"
     "images: a Dataset, or a Tensor float32 [N, C, H, W] followed by a Tensor of labels, int64 "
     "[N].\n"
     "drop_last: if true, leaves out a smaller last batch, for example one in which BatchNorm "
     "would get a single value per channel (default false). threads and bad (\"stop\" by default) "
     "work as in Dataset:batches. The number of reading threads does not affect the results, even "
     "if it changes when a run is resumed. With bad = \"skip\", the lines printed after an epoch "
     "list the first ten samples that were skipped.\n"
     "optimizer: a name or {name, lr = 1e-4, ...}, with the names (in lower case) and options of "
     "torch.optim. \"tensorflow_adam\", \"tensorflow_adagrad\", \"tensorflow_adadelta\" and "
     "\"tensorflow_rmsprop\" are the optimizers of tf.train in TensorFlow 1, with its update rules "
     "and defaults. lr: the learning rate (default 1e-4 for adam, PyTorch's default for the "
     "others). Alternatively, pass a torch.optim optimizer that was created for parameters of "
     "the model. Its groups may have different learning rates; parameters that are in no group do "
     "not change. The optimizer keeps its state, and its learning rates are restored afterwards. "
     "If the model is a torch.nn network, move it to the device first.\n"
     "loss: \"cross_entropy\" (the default), {\"cross_entropy\", label_smoothing = .1}, or "
     "function(model, images, labels, step) return loss, {term = value} end. The returned loss, "
     "the mean over the images, is a one-element Tensor that requires grad. The terms are numbers "
     "or one-element Tensors; hfc.train reports their means over the epoch. step is {epoch, step, "
     "samples}. labels are int64 [n], or float32 [n, classes] with mixup, or nil for a data set "
     "without labels.\n"
     "schedule: the factor by which lr is multiplied. It is {\"cosine\" or \"linear\", warmup = 0, "
     "least = 0} over all epochs, {\"step\", size = 30, gamma = .1}, {\"multistep\", milestones = "
     "{epoch, ...}, gamma = .1}, {\"exponential\", gamma = .1}, {\"constant\"} or {\"one_cycle\", "
     "pct_start = .3}. In each of these except the last, warmup is the number of epochs of linear "
     "warm-up. one_cycle is PyTorch's OneCycleLR with its defaults over all steps: lr is the "
     "largest rate, and the momentum (Adam's beta1) changes, too. schedule may also be a "
     "function(epoch, step) return factor end; epoch and step count from 1.\n"
     "Several processes (see hfc.parallel) share each batch, so batch_size is the total over all "
     "processes. All processes must call hfc.train with the same arguments. Mix-up mixes only "
     "images of the same process. synchronised_norms: if true, BatchNorm normalises with the "
     "images of all processes (only in the built-in networks). If false (the default), each "
     "process uses its own images, and the running statistics are averaged.\n"
     "bfloat16: if true, runs the forward and backward passes in bfloat16 (torch.autocast) and "
     "keeps the weights in float32 (default false); see hfc.mask.learn.\n"
     "average: the decay, such as .999, of an exponential moving average of weights and buffers. "
     "Probes, on_epoch and the best checkpoint use the average. When training ends, the model has "
     "the averaged weights.\n"
     "clip_norm: the maximum norm of all gradients, taken together as one vector. accumulate: the "
     "number of batches per step (default 1). The accumulated gradients equal those of one large "
     "batch.\n"
     "validation: a Dataset. The accuracy on it, logged as the probe 'validation', determines "
     "which epoch is best. early_stop = {patience = n} stops training when n epochs have passed "
     "since the best one (without validation, the epoch with the lowest loss). keep_best: if true, "
     "the trained model has the weights of the best epoch, or of the last of several equally good "
     "ones. If false (the default), it has those of the last epoch.\n"
     "seed: seeds the image order, the random changes to the images, and dropout (default 0). With "
     "the same seed, machine and --threads, the results are bit-identical.\n"
     "probes: a table that maps names to Datasets. The accuracy on each Dataset is measured after "
     "each epoch. probe_samples: the number of images of each probe to use, drawn once; 0 (the "
     "default) uses all.\n"
     "metrics: a list of further metrics to compute for each probe: \"top5\", \"cross_entropy\", "
     "\"calibration_error\" (see hfc.calibration_error), \"class_accuracy\" (the mean over the "
     "classes), and name = function(logits, labels) return number end. The function gets the "
     "logits, float32 [N, classes], and labels, int64 [N], of the whole probe on the CPU. The log "
     "contains each metric under its name, so run:plot(name, {y = \"top5\"}) draws it.\n"
     "statistics: the statistics with which BatchNorm normalises the probes (default \"running\"); "
     "see hfc.accuracy.\n"
     "augment: a table with the options of hfc.augment. adversarial: an Attack, such as "
     "hfc.attack.pgd {}; the model is trained on the attacked images. The random numbers for both "
     "options depend on the seed, the epoch and the image's index in its source, not on the batch "
     "size or on the other images. mixup: the alpha of mix-up's Beta distribution (default 0). "
     "Each batch has one mixing coefficient.\n"
     "device: \"auto\", \"cpu\", \"cuda\" or \"cuda:N\" (default the device set by --device). log: "
     "a Series or Run that logs an event for each epoch.\n"
     "checkpoints: if true, writes a checkpoint to the run directory of the log every "
     "checkpoint_seconds = 60 seconds, so that `hfc-host --resume DIR` can continue and reach the "
     "same numbers (default true if there is a log). The last and the best checkpoint are kept. "
     "The best epoch is chosen by the probe 'validation' or, without it, by the loss; a test set "
     "is never used. When a run is resumed, a Lua function is compared by its code, not by the "
     "variables that it captures.\n"
     "With a log, hfc.train reads the file `control` in the run directory between batches. If the "
     "file contains `pause`, training waits until it contains `go` or is deleted; `stop` ends "
     "training after the epoch. The viewer's buttons write this file.\n"
     "log_kernels: if true, logs the kernels of the first convolution as the images `kernels "
     "SERIES` for the viewer, before the first epoch and after each epoch (default false).\n"
     "on_epoch: a function(result) that is called after each epoch; if it returns \"stop\", "
     "training stops. on_step: a function that is called with {epoch, step, loss, lr} after each "
     "step. quiet: if true, prints no progress lines (default false).\n"
     "A result is {epoch, step, loss, terms, images_per_second, accuracy = {probe = fraction}, "
     "metrics = {metric = {probe = number}}}. With several processes, it also has milliseconds = "
     "{backward, communication, overlap} per step. results:last() is the table `accuracy` of the "
     "last result.\n"
     "Errors: an option out of range, fewer images than a batch with drop_last, images that the "
     "model does not accept, a loss that is not finite (the message names the epoch and the batch, "
     "and "
     "the weights are those before the step)."},
};

}  // namespace

namespace detail {

void register_train(lua_State* L) {
    declare(L, train_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
