// hfc.attack.auto and hfc.robustness.
#include "attack/robustness.h"

#include "attack/checks.h"
#include "attack/settings.h"
#include "bindings/hfc/attack.h"
#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/log.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::lua {
namespace {

/// The name of a version, or a list of Attacks with the same norm.
attack::Sequence read_sequence(lua_State* L, const Value& value, attack::Norm norm) {
    attack::Sequence sequence;
    if (lua_type(L, value.index()) == LUA_TSTRING) {
        sequence.version = value.text();
        attack::require_version(sequence.version);
        return sequence;
    }
    if (!lua_istable(L, value.index()) || lua_objlen(L, value.index()) == 0) {
        value.expected("\"standard\", \"plus\", \"rand\" or a list of Attacks");
    }
    const auto count = static_cast<int>(lua_objlen(L, value.index()));
    for (int i = 1; i <= count; ++i) {
        lua_rawgeti(L, value.index(), i);
        const auto& step = Value(L, lua_gettop(L), fmt::format("option 'version', element {}", i))
                               .object<Attack>();
        const auto settings = attack::resolve(step.options);
        require(settings.norm == norm,
                "option 'version': Attack {} uses norm '{}', but option 'norm' is '{}'", i,
                attack::name_of(settings.norm), attack::name_of(norm));
        sequence.steps.push_back(step.options);
        lua_pop(L, 1);
    }
    return sequence;
}

int make_auto(Call& call) {
    call.at_most(1);
    auto options = call.options(1);
    Attack result;
    auto& settings = result.options;
    settings.method = "auto";
    settings.norm = attack::parse_norm(options.text("norm", "linf"));
    settings.seed = static_cast<uint64_t>(options.integer("seed", 0));
    result.epsilons = {8.0 / 255};
    options.with("epsilon", [&](const Value& value) {
        result.epsilons = value.numbers();
        result.several = lua_istable(call.L, value.index());
    });
    require(!result.epsilons.empty(),
            "option 'epsilon': expected a number or a list of numbers, got an empty list");
    std::ranges::for_each(result.epsilons, attack::require_epsilon);
    settings.epsilon = result.epsilons.front();
    attack::Sequence sequence{"standard", {}};
    options.with("version", [&](const Value& value) {
        sequence = read_sequence(call.L, value, *settings.norm);
    });
    options.finish();
    settings.sequence = std::make_shared<const attack::Sequence>(std::move(sequence));
    return call.returns_object(std::move(result));
}

void push_steps(lua_State* L, const std::vector<attack::StepResult>& steps) {
    lua_createtable(L, static_cast<int>(steps.size()), 0);
    int i = 0;
    for (const auto& step : steps) {
        lua_createtable(L, 0, 3);
        set_field(L, "name", step.name);
        set_field(L, "robust", step.robust);
        set_field(L, "seconds", step.seconds);
        lua_rawseti(L, -2, ++i);
    }
}

/// Pushes all checks, or only those that warn.
void push_checks(lua_State* L, const std::vector<attack::Check>& checks, bool warnings) {
    lua_createtable(L, static_cast<int>(checks.size()), 0);
    int i = 0;
    for (const auto& check : checks) {
        if (warnings && !check.warns()) {
            continue;
        }
        lua_createtable(L, 0, 4);
        set_field(L, "name", check.name);
        if (warnings) {
            set_field(L, "text", check.text);
        }
        set_field(L, "value", check.value);
        set_field(L, "limit", check.limit);
        lua_rawseti(L, -2, ++i);
    }
}

int push_report(lua_State* L, const attack::Robustness& found,
                const std::vector<attack::Check>& checks) {
    lua_createtable(L, 0, 7);
    set_field(L, "clean", found.clean);
    set_field(L, "robust", found.robust);
    push_steps(L, found.steps);
    lua_setfield(L, -2, "steps");
    push_checks(L, checks, true);
    lua_setfield(L, -2, "warnings");
    push_checks(L, checks, false);
    lua_setfield(L, -2, "checks");
    set_field(L, "fooled_by", found.fooled_by);
    set_field(L, "images", found.images);
    return 1;
}

int robustness(Call& call) {
    const auto network = to_model(call.L, call.argument(1, "model"));
    const auto [dataset, next] = images_argument(call, 2, "images");
    call.at_most(next + 1);
    const auto chosen = call.argument(next, "attack").object<Attack>();
    require(!chosen.several, "the attack must have a single epsilon, got {} epsilons",
            chosen.epsilons.size());
    auto options = call.options(next + 1);
    attack::RobustOptions robust;
    robust.inference = read_inference(call.L, options, model::device_of(*network));
    const bool checks = options.boolean("checks", true);
    model::ModelPtr source;
    options.with("transfer", [&](const Value& value) { source = to_model(call.L, value); });
    const auto log = read_log(call.L, options);
    options.finish();
    auto settings = chosen.options;
    if (!settings.sequence) {
        settings.norm = attack::resolve(settings).norm;
    }
    SlowProgress progress("hfc.robustness");
    std::string step;
    robust.before_step = [&](const std::string& name) { step = name; };
    robust.after_batch = [&](double done) {
        progress.tell(
            fmt::format("{}: attacked {:.0f} % of the images that were still classified correctly",
                        step, 100 * done));
    };
    int64_t number = 0;
    robust.after_step = [&](const std::string& name, double right) {
        if (log.run) {
            log_to(log, {{"step", ++number}, {"attack", name}, {"robust", right}});
        }
    };
    const auto found = attack::robustness(*network, dataset, chosen.options, robust);
    auto all = attack::check_steps(found);
    const auto add = [&](const std::vector<attack::Check>& more) {
        all.insert(all.end(), more.begin(), more.end());
    };
    if (source) {
        auto transferred =
            attack::check_transfer(*network, *source, dataset, found, settings, robust);
        for (auto& check : transferred) {
            check.text = "option 'transfer': " + check.text;
        }
        add(transferred);
    }
    if (checks) {
        add(attack::check_network(*network, dataset, settings, robust));
    }
    return push_report(call.L, found, all);
}

const std::vector<Declaration> robustness_declarations = {
    {"hfc.attack.auto", make_auto,
     "hfc.attack.auto {epsilon = 8/255, norm = \"linf\", version = \"standard\", seed = 0} -> "
     "Attack\n\n"
     "Several attacks one after the other, each on the images that are still classified correctly "
     "(AutoAttack, Croce and Hein 2020). version: \"standard\" (APGD, APGD with DLR towards 9 "
     "targets, FAB towards 9 targets, Square), \"plus\" (these attacks, APGD with DLR and "
     "untargeted FAB, with five restarts), \"rand\" for random networks (APGD with both losses, "
     "gradients averaged over 20 passes), or a list of Attacks, all of which use the epsilon given "
     "here. With fewer than ten classes, there are fewer targets. The loss \"margin\" replaces "
     "\"dlr\" in targeted APGD with fewer than four classes, and in untargeted APGD with fewer "
     "than three.\n"
     "Use it with hfc.robustness or hfc.robust_accuracy. If you call it directly, it returns, for "
     "each image, the first misclassified version or the clean image."},
    {"hfc.robustness", robustness,
     "hfc.robustness(model, images, attack, {checks = true, transfer = Model, log = Run or "
     "Series, statistics = \"running\", batch_size = 100, bfloat16 = false}) -> {clean, robust, "
     "steps = {{name, robust, seconds}}, warnings = {{name, text, value, limit}}, checks = {{name, "
     "value, limit}}, fooled_by = Tensor int64 [N], images = Tensor}\n\n"
     "Returns the accuracy of a network with and without an attack, and warnings if the result "
     "cannot be trusted. For images, see hfc.accuracy. steps: the fraction of images that are "
     "still classified correctly after each attack of hfc.attack.auto. fooled_by: 0 if the image "
     "is still classified correctly after the last attack, -1 if it is misclassified without an "
     "attack, otherwise the number of the step that fools the network. images: for each image, the "
     "first perturbed version that the model misclassifies, or the clean image.\n"
     "warnings: reasons to doubt the result. Each warning names a test whose value is above its "
     "limit. If checks is true, these tests are run on the first 100 images: \"randomised\", "
     "\"probabilities\", \"gradients inside\", \"zero gradient\", \"more steps help less\", \"one "
     "step wins\", \"noise wins\", \"unbounded\", \"not falling\", \"not converged\" and \"batch "
     "statistics\". Two tests always use the results of the attack: \"too few classes\", and "
     "\"black box wins\", which warns if Square fools the model on more than .2 % of the images "
     "after all earlier attacks have failed on them. checks: the value and the limit of each test. "
     "transfer: another network, such as a copy without the defence. The first 100 images are "
     "attacked on that network with 100 steps of APGD. \"black box wins\" also warns if, on more "
     "than .2 % of these images, the attack fails but the adversarial images made for that network "
     "succeed. log: a Run or Series that logs the accuracy after each step. See "
     "docs/robustness.md."},
};

}  // namespace

namespace detail {

void register_robustness(lua_State* L) {
    declare(L, robustness_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
