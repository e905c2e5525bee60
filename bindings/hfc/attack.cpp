// hfc.attack: attacks and their options. The calls that run attacks are in attack_calls.cpp.
#include "bindings/hfc/attack.h"

#include "attack/method.h"
#include "bindings/hfc/custom_attack.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

#include <algorithm>

namespace hfc::lua {

namespace {

/// {part = "low", radius = 8, rule = "<="}, {mask = Tensor [H, W]} or {dct = fraction}.
attack::Band read_band(lua_State* L, const Value& value) {
    if (!lua_istable(L, value.index())) {
        value.expected("a table {part, radius}, {mask} or {dct}");
    }
    Options options(L, value.index());
    attack::Band band;
    const std::string part = options.text("part", "");
    band.radius = options.number("radius", 0);
    band.rule = frequency::parse_rule(options.text("rule", "<="));
    options.with("dct", [&](const Value& dct) { band.dct = dct.number(); });
    options.with("mask", [&](const Value& mask) {
        band.mask = mask.object<LuaTensor>().tensor.detach().clone();
    });
    options.finish();
    require(
        part == "low" || part == "high" || (part.empty() && (band.mask.defined() || band.dct != 0)),
        "option 'band': 'part' must be \"low\" or \"high\" unless 'mask' or 'dct' is given, got "
        "'{}'",
        part);
    band.part = part == "low"    ? data::Part::low
                : part == "high" ? data::Part::high
                                 : data::Part::whole;
    return band;
}

/// {lowest, highest} or "none".
attack::Range read_range(lua_State* L, const Value& value) {
    if (lua_type(L, value.index()) == LUA_TSTRING && value.text() == "none") {
        return attack::no_range();
    }
    if (!lua_istable(L, value.index()) || lua_objlen(L, value.index()) != 2) {
        value.expected("a list {lowest, highest} or \"none\"");
    }
    const auto bounds = value.numbers();
    return {bounds[0], bounds[1]};
}

/// The options of all attacks, except those for the step size.
void read_common(Call& call, Options& options, Attack& result) {
    auto& settings = result.options;
    options.with("epsilon", [&](const Value& value) {
        result.epsilons = value.numbers();
        result.several = lua_istable(call.L, value.index());
    });
    options.with("norm",
                 [&](const Value& value) { settings.norm = attack::parse_norm(value.text()); });
    options.with("steps", [&](const Value& value) { settings.steps = value.integer(); });
    options.with("random_start",
                 [&](const Value& value) { settings.random_start = value.boolean(); });
    options.with("start", [&](const Value& value) {
        settings.start = value.object<LuaTensor>().tensor.detach().clone();
    });
    options.with("band", [&](const Value& value) { settings.band = read_band(call.L, value); });
    options.with("range", [&](const Value& value) { settings.range = read_range(call.L, value); });
    settings.restarts = options.integer("restarts", settings.restarts);
    settings.targeted = options.boolean("targeted", settings.targeted);
    settings.loss = attack::parse_loss(options.text("loss", attack::name_of(settings.loss)));
    settings.keep = attack::parse_keep(options.text("keep", attack::name_of(settings.keep)));
    settings.seed = static_cast<uint64_t>(options.integer("seed", 0));
}

/// Checks the options now, so that an error appears before any image is attacked.
int return_attack(Call& call, Attack result) {
    auto& settings = result.options;
    if (result.epsilons.empty()) {
        require(!result.several,
                "option 'epsilon': expected a number or a list of numbers, got an empty list");
        result.epsilons = {attack::resolve(settings).epsilon};
    }
    settings.epsilon = result.epsilons.front();
    attack::resolve(settings);
    std::ranges::for_each(result.epsilons, attack::require_epsilon);
    return call.returns_object(std::move(result));
}

template <const char* method>
int make_attack(Call& call) {
    call.at_most(1);
    Attack result;
    auto& settings = result.options;
    settings.method = method;
    auto options = call.options(1);
    read_common(call, options, result);
    options.with("alpha", [&](const Value& value) { settings.alpha = value.number(); });
    options.with("relative_alpha",
                 [&](const Value& value) { settings.relative_alpha = value.number(); });
    for (const auto& option : attack::find_method(method)->numbers) {
        options.with(option.name.c_str(), [&](const Value& value) {
            settings.numbers[option.name] =
                option.yes_or_no ? (value.boolean() ? 1 : 0) : value.number();
        });
    }
    options.finish();
    return return_attack(call, std::move(result));
}

int make_custom(Call& call) {
    call.at_most(1);
    Attack result;
    auto& settings = result.options;
    settings.random_start = false;
    auto options = call.options(1);
    read_common(call, options, result);
    settings.method = options.text("name", "custom");
    const auto norm = settings.norm.value_or(attack::Norm::l_infinity);
    options.with("step", [&](const Value& step) {
        settings.custom = make_custom_method(call.L, step, settings.method, norm);
    });
    options.finish();
    require(settings.custom != nullptr,
            "option 'step' is missing: expected a function(images, at, state) that returns images");
    if (settings.start.defined()) {
        settings.random_start.reset();
    }
    return return_attack(call, std::move(result));
}

constexpr char fgsm[] = "fgsm", bim[] = "bim", mifgsm[] = "mifgsm", pgd[] = "pgd",
               pgdl2[] = "pgdl2", ffgsm[] = "ffgsm", apgd[] = "apgd", fab[] = "fab",
               square[] = "square", deepfool[] = "deepfool", cw[] = "cw";

const std::vector<Declaration> attack_declarations = {
    {"hfc.attack.fgsm", make_attack<fgsm>,
     "hfc.attack.fgsm {epsilon = 8/255} -> Attack\n\nThe fast gradient sign method (Goodfellow et "
     "al. 2015). Call an Attack to get adversarial images: attack(model, images, labels) -> Tensor "
     "float32 [N, C, H, W]. If epsilon is a list, the result is a list too.\n"
     "All attacks take these options. loss: \"cross_entropy\" (default), \"margin\" (the largest "
     "other logit minus the logit of the label) or \"dlr\" (this margin divided by the difference "
     "between the largest and the third-largest logit). targeted: if true, the labels are the "
     "classes that the attack aims at (default false). range: the values that a pixel may have, "
     "{lowest, highest}; {0, 1} by default. Use range = \"none\" for filtered images, whose pixels "
     "may lie outside [0,1]. band: restricts the perturbation to a band of frequencies. It is "
     "{part = \"low\" or \"high\", radius = r, rule = \"<=\"}, {mask = Tensor [H, W]}, or {dct = "
     "fraction}, which keeps only the lowest orthonormal DCT-II coefficients (the given fraction "
     "in each direction). keep: \"last\" (default) returns the images after the last step; "
     "\"best\" returns, for each image, the first version that fools the network or, if none does, "
     "the version with the largest loss. seed: seeds the random numbers (default 0). The random "
     "numbers for an image depend only on the seed, the method, the restart and the index of the "
     "image in its source, not on the batch.\n"
     "When you call an Attack, you can pass a table of options after the labels: statistics, "
     "bfloat16 and tf32 work as in hfc.accuracy; samples is an int64 Tensor [N] with the index of "
     "each image in its source (default 0 to N - 1). hfc.robust_accuracy and hfc.train take these "
     "indices from the data set.\n"
     "The parameters, gradients and mode of the model do not change. An option out of range raises "
     "an error, and so do images with pixels outside `range` and labels for which the model has no "
     "logit."},
    {"hfc.attack.bim", make_attack<bim>,
     "hfc.attack.bim {epsilon = 8/255, alpha = 2/255, steps = 10} -> Attack\n\n"
     "The basic iterative method (Kurakin et al. 2017); see hfc.attack.fgsm. alpha: the step size. "
     "relative_alpha: the step size as a fraction of epsilon, instead of alpha."},
    {"hfc.attack.mifgsm", make_attack<mifgsm>,
     "hfc.attack.mifgsm {epsilon = 8/255, alpha = 2/255, steps = 10, decay = 1} -> Attack\n\nBIM "
     "with momentum (Dong et al. 2018); see hfc.attack.bim. decay: the momentum factor."},
    {"hfc.attack.pgd", make_attack<pgd>,
     "hfc.attack.pgd {epsilon = 8/255, alpha = 2/255, steps = 10, random_start = true, restarts = "
     "1} -> Attack\n\nProjected gradient descent in L-infinity (Madry et al. 2018); see "
     "hfc.attack.bim. restarts: the number of runs from different random starts; the best result "
     "for each image is kept. start: a perturbation to start from instead of a random one. It is a "
     "Tensor float32 [N, C, H, W], or [1, C, H, W] to use the same perturbation for all images. In "
     "hfc.robust_accuracy, N is the size of the data set."},
    {"hfc.attack.pgdl2", make_attack<pgdl2>,
     "hfc.attack.pgdl2 {epsilon = 1, alpha = 0.2, steps = 10, random_start = true, restarts = 1} "
     "-> Attack\n\nProjected gradient descent in the L2 norm of an image; see hfc.attack.pgd."},
    {"hfc.attack.ffgsm", make_attack<ffgsm>,
     "hfc.attack.ffgsm {epsilon = 8/255, relative_alpha = 1.25} -> Attack\n\nOne signed step from "
     "a random start (Wong et al. 2020); see hfc.attack.pgd. relative_alpha: the step size as a "
     "fraction of epsilon."},
    {"hfc.attack.apgd", make_attack<apgd>,
     "hfc.attack.apgd {epsilon = 8/255, norm = \"linf\", steps = 100, restarts = 1, loss = "
     "\"cross_entropy\", targets = 0, rho = 0.75, passes = 1} -> Attack\n\n"
     "Auto-PGD (Croce and Hein 2020), which adapts its step size; see hfc.attack.pgd. norm: "
     "\"linf\" or \"l2\". targets: the number of wrong classes to aim at, one after another, "
     "starting with the most likely class for the clean image. The attack runs `restarts` times "
     "for each of these classes. With targets = 0, the attack is untargeted. rho: a threshold that "
     "is tested at each checkpoint. The step size is halved if the loss has risen in at most this "
     "fraction of the steps since the last checkpoint. passes: the number of gradients to average "
     "in each step, for networks with random outputs.\n"
     "For each image, the result is the last misclassified version, or the clean image if no "
     "version is misclassified. In the latter case, keep = \"best\" returns the version with the "
     "largest loss instead. The random start lies on the boundary of the epsilon ball."},
    {"hfc.attack.fab", make_attack<fab>,
     "hfc.attack.fab {epsilon = 8/255, norm = \"linf\", steps = 100, restarts = 1, targets = 0, "
     "alpha_max = 0.1, eta = 1.05, beta = 0.9} -> Attack\n\n"
     "FAB (Croce and Hein 2020), which looks for the nearest image that the network misclassifies. "
     "If this image is within epsilon, it is the result; otherwise the result is the clean image. "
     "hfc.smallest_epsilon returns the distances from a single run, without bisection. targets: "
     "the number of wrong classes to attack one by one, starting with the most likely; each step "
     "needs one gradient. With targets = 0, each step attacks the nearest class, which needs one "
     "gradient per class. alpha_max: the maximum weight of the step that starts at the clean "
     "image. eta: how far a step goes beyond the boundary. beta: after a success, the search "
     "continues from this fraction of the perturbation."},
    {"hfc.attack.square", make_attack<square>,
     "hfc.attack.square {epsilon = 8/255, norm = \"linf\", queries = 5000, restarts = 1, share = "
     "0.8, rescale = false} -> Attack\n\n"
     "The Square attack (Andriushchenko et al. 2020): random search with squares, without "
     "gradients. It also fools networks with masked gradients. share: the fraction of the pixels "
     "that the first square covers; the squares become smaller on a schedule of 10 000 queries. "
     "rescale: if true, this schedule is rescaled to the number of queries."},
    {"hfc.attack.deepfool", make_attack<deepfool>,
     "hfc.attack.deepfool {norm = \"l2\", steps = 50, overshoot = 0.02, candidates = 10, epsilon = "
     "1000} -> Attack\n\n"
     "DeepFool (Moosavi-Dezfooli et al. 2016), which steps to the nearest boundary of the "
     "linearised network until the image is misclassified. norm: \"l2\" or \"linf\". overshoot: "
     "how far the sum of the steps goes beyond the boundary, as a fraction. candidates: the number "
     "of classes that a step compares, including the label; each class needs one gradient. "
     "epsilon: the largest perturbation that counts; if DeepFool needs a larger one, the result is "
     "the clean image. With the default, all perturbations count. hfc.smallest_epsilon returns the "
     "distances."},
    {"hfc.attack.cw", make_attack<cw>,
     "hfc.attack.cw {steps = 10000, searches = 9, lr = 0.01, first_c = 1e-3, confidence = 0, "
     "epsilon = 1000} -> Attack\n\n"
     "The L2 attack of Carlini and Wagner (2017). Adam minimises the squared size of the "
     "perturbation plus c times the margin by which the attack still fails. A search has at most "
     "`steps` steps and ends early if the loss falls by less than 0.01 % over a tenth of these "
     "steps. Each image has its own c, which grows tenfold with each search until a search "
     "succeeds, and is then bisected. first_c: c in the first search. confidence: by how much a "
     "wrong logit must exceed the logit of the label. The attack is slow: with the defaults it "
     "needs up to 90 000 gradients per image. epsilon: see hfc.attack.deepfool."},
    {"hfc.attack.custom", make_custom,
     "hfc.attack.custom {step = f, epsilon = 8/255, norm = \"linf\", steps = 10, random_start = "
     "false, restarts = 1, name = \"custom\"} -> Attack\n\n"
     "An attack that you write yourself, as a function that computes one iteration: f(images, at, "
     "state) -> images. images: the perturbed images so far, Tensor float32 [N, C, H, W]. at: an "
     "AttackStep, which provides the gradient, the logits and the losses at these images. state: a "
     "table that is empty at the start of each run and that f may change. The result of f is "
     "projected onto the constraints epsilon, range and band.\n"
     "In hfc.robust_accuracy, for example, an image leaves the batch as soon as it is "
     "misclassified. Each Tensor in `state` whose first dimension is N then loses the "
     "corresponding rows; all other values stay as they are.\n"
     "norm: \"linf\" or \"l2\". name: a string from which the random numbers are derived. The "
     "other options are those of hfc.attack.pgd, except alpha. An error in f, or a result with a "
     "wrong shape or with pixels that are not finite, stops the attack. A training run cannot be "
     "resumed with a different f. Only the code of f is compared, not the values of the variables "
     "that it captures."},
};

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
    register_attack_step(L);
    register_attack_calls(L);
    set_metamethod(L, "Attack", "__tostring", attack_text);
}

}  // namespace detail
}  // namespace hfc::lua
