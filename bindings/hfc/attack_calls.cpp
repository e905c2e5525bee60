// Running attacks: the call of an Attack, hfc.robust_accuracy, hfc.smallest_epsilon.
#include "bindings/hfc/attack.h"
#include "bindings/hfc/images_argument.h"
#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/precision.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

namespace hfc::lua {
namespace {

/// The options for measuring a network, except batch_size: the images are attacked as one batch.
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
    const auto accuracies =
        attack::robust_accuracy(*network, dataset, settings.options, settings.epsilons, robust);
    return settings.several ? call.returns(accuracies) : call.returns(accuracies.front());
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
    search.epsilons = options.numbers("epsilons", {});
    search.bounds = options.numbers("bounds", {});
    search.inference = read_network_options(call.L, options, *network);
    search.samples = tensor_option(options, "samples");
    options.finish();
    return call.returns(
        attack::smallest_epsilon(*network, images, labels, settings.options, search));
}

const std::vector<Declaration> call_declarations = {
    {"hfc.robust_accuracy", robust_accuracy,
     "hfc.robust_accuracy(model, images, attack, {early_stop = true, statistics = \"running\", "
     "batch_size = 100, bfloat16 = false}) -> number in [0,1], or a list for a list of "
     "epsilons\n\n"
     "Returns the fraction of images that the model still classifies correctly under the "
     "attack. With early_stop, the attack on an image stops once the image is misclassified. "
     "With early_stop = false, each image is attacked in full, as torchattacks does. For images "
     "and the other options, see hfc.accuracy."},
    {"hfc.smallest_epsilon", smallest_epsilon,
     "hfc.smallest_epsilon(model, images, labels, attack, {max_epsilon = 1, bisections = 10, "
     "epsilons = {...}, bounds = {...}, statistics = \"running\", bfloat16 = false, samples = "
     "Tensor int64 [N]}) -> Tensor float64 "
     "[N]\n\n"
     "Returns, for each image, the smallest epsilon at which the attack succeeds, found by "
     "bisection. It is 0 for an image that is misclassified without an attack, and infinity if the "
     "attack does not succeed at max_epsilon.\n"
     "epsilons: tries only these epsilons, in ascending order, and returns the first one at which "
     "the attack succeeds, as foolbox 1.8 does for single-step attacks. A single-step attack can "
     "succeed at one epsilon and fail at a larger one. A bisection may then miss the smaller "
     "epsilon.\n"
     "bounds: a list of epsilons, in ascending order. The bisection for an image ends once it has "
     "determined, for each bound, whether the image's smallest epsilon is larger than the bound. "
     "The result may then be larger than the smallest epsilon, but it exceeds a bound only if the "
     "smallest epsilon does. samples: see hfc.attack.fgsm."},
};

const Declaration call_attack = {"Attack", perturb, ""};

}  // namespace

namespace detail {

void register_attack_calls(lua_State* L) {
    declare(L, call_declarations);
    push_metatable_of(L, "Attack");
    push_function(L, call_attack);
    lua_setfield(L, -2, "__call");
    lua_pop(L, 1);
}

}  // namespace detail
}  // namespace hfc::lua
