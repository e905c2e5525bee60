// hfc.stats.
#include "evidence/statistics.h"

#include "bindings/hfc/number_list.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"

namespace hfc::lua {
namespace {

double level_option(Call& call, int position) {
    auto options = call.options(position);
    const double level = options.number("level", evidence::usual_level);
    options.finish();
    return level;
}

int push_interval(lua_State* L, const evidence::Interval& interval) {
    lua_createtable(L, 0, 4);
    set_field(L, "mean", interval.mean);
    set_field(L, "low", interval.low);
    set_field(L, "high", interval.high);
    set_field(L, "n", interval.n);
    return 1;
}

int interval(Call& call) {
    call.at_most(2);
    const auto values = number_list(call.L, call.argument(1, "values"));
    return push_interval(call.L, evidence::mean_interval(values, level_option(call, 2)));
}

int wilson(Call& call) {
    call.at_most(3);
    const int64_t successes = call.argument(1, "successes").integer();
    const int64_t n = call.argument(2, "n").integer();
    return push_interval(call.L, evidence::wilson(successes, n, level_option(call, 3)));
}

int paired_difference(Call& call) {
    call.at_most(3);
    const auto a = number_list(call.L, call.argument(1, "a"));
    const auto b = number_list(call.L, call.argument(2, "b"));
    const auto difference = evidence::paired_difference(a, b, level_option(call, 3));
    push_interval(call.L, difference);
    set_field(call.L, "excludes_zero", difference.excludes_zero());
    return 1;
}

const std::vector<Declaration> stats_declarations = {
    {"hfc.stats.interval", interval,
     "hfc.stats.interval(values, {level = 0.95}) -> {mean, low, high, n}\n\n"
     "Returns the mean of a number over several seeds, with Student's t interval (n - 1 degrees "
     "of freedom). A single value has no interval: low and high are then nan.\n"
     "values: a list of numbers or a Tensor with one dimension.\n"
     "Errors: no values, a value that is not finite, a level outside (0, 1)."},
    {"hfc.stats.wilson", wilson,
     "hfc.stats.wilson(successes, n, {level = 0.95}) -> {mean, low, high, n}\n\n"
     "Returns a proportion over images, such as the accuracy of one network, with Wilson's score "
     "interval. The interval reflects only the choice of the images; it does not include the "
     "variation between training seeds.\n"
     "successes: the number of successes among the n images. mean: successes / n.\n"
     "Errors: successes below 0 or above n, n below 1, a level outside (0, 1)."},
    {"hfc.stats.paired_difference", paired_difference,
     "hfc.stats.paired_difference(a, b, {level = 0.95}) -> {mean, low, high, n, "
     "excludes_zero}\n\n"
     "Returns the mean of a[i] - b[i] with Student's t interval. Use it to compare two settings in "
     "pairs, where a[i] and b[i] come from the same seed. You can claim a difference if the "
     "interval excludes 0.\n"
     "a, b: lists of numbers or Tensors with one dimension, of equal length.\n"
     "Errors: different lengths, and the errors of hfc.stats.interval."},
};

}  // namespace

namespace detail {

void register_stats(lua_State* L) {
    declare(L, stats_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
