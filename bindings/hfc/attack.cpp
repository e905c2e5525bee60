// hfc.attack, hfc.robust_accuracy, hfc.smallest_epsilon.
#include "bindings/hfc/attack.h"

#include "attack/settings.h"
#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/precision.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

namespace hfc::lua {

namespace {

/// {part = "low", radius = 8, rule = "<="} or {mask = Tensor [H, W]}.
attack::Band read_band(lua_State* L, const Value& value) {
    if (!lua_istable(L, value.index())) {
        value.expected("a table {part, radius} or {mask}");
    }
    Options options(L, value.index());
    attack::Band band;
    const std::string part = options.text("part", "");
    band.radius = options.number("radius", 0);
    band.rule = frequency::parse_rule(options.text("rule", "<="));
    options.with("mask", [&](const Value& mask) { band.mask = mask.object<LuaTensor>().tensor; });
    options.finish();
    require(part == "low" || part == "high" || (part.empty() && band.mask.defined()),
            "option 'band': part must be low or high, or a mask be given; got '{}'", part);
    band.part = part == "low"    ? data::Part::low
                : part == "high" ? data::Part::high
                                 : data::Part::whole;
    return band;
}

template <const char* method>
int make_attack(Call& call) {
    call.at_most(1);
    Attack result;
    auto& settings = result.options;
    settings.method = method;
    auto options = call.options(1);
    options.with("epsilon", [&](const Value& value) {
        result.epsilons = value.numbers();
        result.several = lua_istable(call.L, value.index());
    });
    options.with("alpha", [&](const Value& value) { settings.alpha = value.number(); });
    options.with("relative_alpha",
                 [&](const Value& value) { settings.relative_alpha = value.number(); });
    options.with("steps", [&](const Value& value) { settings.steps = value.integer(); });
    options.with("random_start",
                 [&](const Value& value) { settings.random_start = value.boolean(); });
    options.with("band", [&](const Value& value) { settings.band = read_band(call.L, value); });
    settings.decay = options.number("decay", settings.decay);
    settings.restarts = options.integer("restarts", settings.restarts);
    settings.targeted = options.boolean("targeted", settings.targeted);
    settings.loss = options.text("loss", settings.loss);
    settings.seed = static_cast<uint64_t>(options.integer("seed", 0));
    options.finish();
    if (result.epsilons.empty()) {
        require(!result.several, "option 'epsilon': expected a number or a list of at least one");
        result.epsilons = {attack::resolve({.method = method}).epsilon};
    }
    settings.epsilon = result.epsilons.front();
    return call.returns_object(std::move(result));
}

/// The options of measuring that have a meaning for images attacked together.
model::Inference::Options read_network_options(lua_State* L, Options& options,
                                               const model::Model& network) {
    model::Inference::Options inference;
    inference.bfloat16 = read_bfloat16(options, model::device_of(network));
    inference.tf32 = read_tf32(options, model::device_of(network));
    inference.statistics = read_statistics(L, options);
    return inference;
}

/// attack(model, images, labels, {options}) -> images, or a list of them for a list of epsilons
int perturb(Call& call) {
    call.at_most(5);
    const auto settings = call.argument(1, "attack").object<Attack>();
    const auto network = to_model(call.L, call.argument(2, "model"));
    const at::Tensor images = tensor_argument(call, 3, "images");
    const at::Tensor labels = tensor_argument(call, 4, "labels");
    auto options = call.options(5);
    const auto inference = read_network_options(call.L, options, *network);
    const at::Tensor samples = tensor_option(options, "samples");
    options.finish();
    const auto results = attack::perturb(*network, images, labels, settings.options,
                                         settings.epsilons, inference, samples);
    return settings.several ? call.returns(results) : call.returns(results.front());
}

int robust_accuracy(Call& call) {
    const auto network = to_model(call.L, call.argument(1, "model"));
    const auto [dataset, next] = images_argument(call, 2, "images");
    call.at_most(next + 1);
    const auto settings = call.argument(next, "attack").object<Attack>();
    auto options = call.options(next + 1);
    attack::RobustOptions robust;
    robust.inference = read_inference(call.L, options, model::device_of(*network));
    robust.early_stop = options.boolean("early_stop", robust.early_stop);
    options.finish();
    const auto shares =
        attack::robust_accuracy(*network, dataset, settings.options, settings.epsilons, robust);
    return settings.several ? call.returns(shares) : call.returns(shares.front());
}

int smallest_epsilon(Call& call) {
    call.at_most(5);
    const auto network = to_model(call.L, call.argument(1, "model"));
    const at::Tensor images = tensor_argument(call, 2, "images");
    const at::Tensor labels = tensor_argument(call, 3, "labels");
    const auto settings = call.argument(4, "attack").object<Attack>();
    auto options = call.options(5);
    attack::SearchOptions search;
    search.max_epsilon = options.number("max_epsilon", search.max_epsilon);
    search.bisections = options.integer("bisections", search.bisections);
    search.inference = read_network_options(call.L, options, *network);
    search.samples = tensor_option(options, "samples");
    options.finish();
    return call.returns(
        attack::smallest_epsilon(*network, images, labels, settings.options, search));
}

constexpr char fgsm[] = "fgsm", bim[] = "bim", mifgsm[] = "mifgsm", pgd[] = "pgd",
               pgdl2[] = "pgdl2";

const std::vector<Declaration> attack_declarations = {
    {"hfc.attack.fgsm", make_attack<fgsm>,
     "hfc.attack.fgsm {epsilon = 8/255} -> Attack\n\nThe fast gradient sign method (Goodfellow et "
     "al. 2015). An Attack is called: "
     "attack(model, images, labels) -> adversarial images, float32 [N, C, H, W] in [0,1]; epsilon "
     "may be a list, which gives a list.\n"
     "All attacks: loss = \"cross_entropy\" or \"margin\" (the largest other logit minus the "
     "label's); targeted = false: labels are what "
     "the images shall be taken for; band = {part = \"low\" or \"high\", radius = r, rule = "
     "\"<=\"} or {mask = Tensor [H, W]} confines the "
     "perturbation to frequencies; seed = 0: of random starts. An image's start depends on the "
     "seed, the method, the number of the restart and the image's index in its source: not on the "
     "batch size or on the images beside it.\n"
     "A table of options may follow the labels: statistics, bfloat16 and tf32 of hfc.accuracy; "
     "samples: "
     "Tensor int64 [N], the index of each image in its source (default 0 to N - 1). "
     "hfc.robust_accuracy and hfc.train take the indices from their data set.\n"
     "The model's parameters, gradients and mode stay as they are. Errors: a setting out of range, "
     "images outside [0,1], labels the model "
     "has no logit for."},
    {"hfc.attack.bim", make_attack<bim>,
     "hfc.attack.bim {epsilon = 8/255, alpha = 2/255, steps = 10} -> Attack\n\nThe basic iterative "
     "method (Kurakin et al. 2017); see "
     "hfc.attack.fgsm. relative_alpha: the step as a share of epsilon, in place of alpha."},
    {"hfc.attack.mifgsm", make_attack<mifgsm>,
     "hfc.attack.mifgsm {epsilon = 8/255, alpha = 2/255, steps = 10, decay = 1} -> Attack\n\nBIM "
     "with momentum (Dong et al. 2018); see "
     "hfc.attack.bim."},
    {"hfc.attack.pgd", make_attack<pgd>,
     "hfc.attack.pgd {epsilon = 8/255, alpha = 2/255, steps = 10, random_start = true, restarts = "
     "1} -> Attack\n\nProjected "
     "gradient descent in L-infinity (Madry et al. 2018); see hfc.attack.bim."},
    {"hfc.attack.pgdl2", make_attack<pgdl2>,
     "hfc.attack.pgdl2 {epsilon = 1, alpha = 0.2, steps = 10, random_start = true, restarts = 1} "
     "-> Attack\n\nProjected "
     "gradient descent in the L2 norm of an image; see hfc.attack.bim."},
    {"hfc.robust_accuracy", robust_accuracy,
     "hfc.robust_accuracy(model, images, attack, {early_stop = true, statistics = \"running\", "
     "batch_size = 100, bfloat16 = false}) -> number "
     "in [0,1], or a list for a list of "
     "epsilons\n\nThe share of images that the model gets right in spite of the attack. "
     "early_stop: an image is done with once it "
     "is fooled; false attacks each in full, as torchattacks does. Images and the other options "
     "are those of hfc.accuracy."},
    {"hfc.smallest_epsilon", smallest_epsilon,
     "hfc.smallest_epsilon(model, images, labels, attack, {max_epsilon = 1, bisections = 10, "
     "statistics = \"running\", bfloat16 = false, samples = Tensor int64 [N]}) -> "
     "Tensor float64 [N]\n\nFor each image the "
     "smallest epsilon at which the attack succeeds, by bisection; 0: wrong already, infinity: "
     "max_epsilon is not enough. samples: see hfc.attack.fgsm."},
};

const Declaration call_attack = {"Attack", perturb, ""};

int attack_text(lua_State* L) {
    return guarded(L, "tostring", [&] {
        const auto& settings = Value(L, 1, "attack").object<Attack>();
        push(L, fmt::format("Attack {}: epsilon {:.4g}", settings.options.method,
                            fmt::join(settings.epsilons, ", ")));
        return 1;
    });
}

}  // namespace

namespace detail {

void register_attack(lua_State* L) {
    register_type<Attack>(L);
    declare(L, attack_declarations);
    push_metatable_of(L, "Attack");
    push_function(L, call_attack);
    lua_setfield(L, -2, "__call");
    lua_pop(L, 1);
    set_metamethod(L, "Attack", "__tostring", attack_text);
}

}  // namespace detail
}  // namespace hfc::lua
