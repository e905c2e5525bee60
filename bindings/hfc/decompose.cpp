// hfc.decompose.
#include "decompose/decompose.h"

#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

#include <cmath>

namespace hfc::lua {
namespace {

/// How much the dominant part keeps. Exactly one of ranks, shares and radius is given.
struct Keep {
    std::vector<int64_t> ranks;
    std::vector<double> shares;
    std::optional<double> radius;
    decompose::Equal equal = decompose::Equal::energy;
    frequency::Rule rule = frequency::Rule::inclusive;
    bool several = false;  ///< whether the option was given as a list
};

Keep read_keep(lua_State* L, Options options) {
    Keep keep;
    int given = 0;
    const auto list = [&](const Value& value) {
        ++given;
        keep.several = lua_istable(L, value.index());
        return value.numbers();
    };
    options.with("rank", [&](const Value& value) {
        for (const double rank : list(value)) {
            require(rank == std::floor(rank) && std::abs(rank) < 1e15,
                    "option 'rank': expected integers, got {}", rank);
            keep.ranks.push_back(static_cast<int64_t>(rank));
        }
    });
    options.with("energy", [&](const Value& value) { keep.shares = list(value); });
    options.with("radius", [&](const Value& value) {
        ++given;
        keep.radius = value.number();
    });
    options.with("equal",
                 [&](const Value& value) { keep.equal = decompose::parse_equal(value.text()); });
    keep.rule = frequency::parse_rule(options.text("rule", "<="));
    options.finish();
    require(given == 1, "expected exactly one of the options 'rank', 'energy' and 'radius', got {}",
            given);
    return keep;
}

int svd(Call& call) {
    call.at_most(2);
    const at::Tensor x = tensor_argument(call, 1, "x");
    const auto keep = read_keep(call.L, call.options(2));
    const auto parts = keep.radius
                           ? decompose::split_like_radius(x, *keep.radius, keep.equal, keep.rule)
                       : keep.ranks.empty() ? decompose::split_by_energy(x, keep.shares)
                                            : decompose::split(x, keep.ranks);
    return keep.several ? call.returns(parts.low, parts.high)
                        : call.returns(parts.low.at(0), parts.high.at(0));
}

int singular_values(Call& call) {
    call.at_most(1);
    return call.returns(decompose::singular_values(tensor_argument(call, 1, "x")));
}

int rank_of_energy(Call& call) {
    call.at_most(2);
    return call.returns(decompose::rank_of_energy(tensor_argument(call, 1, "x"),
                                                  call.argument(2, "share").number()));
}

int energy_of_radius(Call& call) {
    const at::Tensor x = tensor_argument(call, 1, "x");
    const double radius = call.argument(2, "radius").number();
    auto options = call.options(3);
    const auto rule = frequency::parse_rule(options.text("rule", "<="));
    options.finish();
    return call.returns(decompose::energy_of_radius(x, radius, rule));
}

int radius_of_energy(Call& call) {
    call.at_most(2);
    return call.returns(decompose::radius_of_energy(tensor_argument(call, 1, "x"),
                                                    call.argument(2, "share").number()));
}

int rank_of_radius(Call& call) {
    const int64_t height = call.argument(1, "height").integer();
    const int64_t width = call.argument(2, "width").integer();
    const double radius = call.argument(3, "radius").number();
    auto options = call.options(4);
    const auto rule = frequency::parse_rule(options.text("rule", "<="));
    options.finish();
    return call.returns(decompose::rank_of_radius(height, width, radius, rule));
}

const std::vector<Declaration> decompose_declarations = {
    {"hfc.decompose.svd", svd,
     "hfc.decompose.svd(x, {rank = k} or {energy = share} or {radius = r, equal = \"energy\", rule "
     "= \"<=\"}) -> dominant, trailing\n\n"
     "Splits images by singular values (Wang et al. 2020, section 8), just as hfc.frequency.split "
     "splits them by frequency. dominant + trailing = x. In each channel, the dominant part keeps "
     "the largest singular values. rank: the number of singular values to keep. energy: the "
     "fraction of the sum of squares to keep, with as few singular values as possible. radius: "
     "matches a low-pass filter with this radius in bins. equal: with \"energy\" (the default), "
     "the dominant part keeps at least as much energy as the filter in each channel; with "
     "\"coefficients\", its number of coefficients matches the filter's.\n"
     "If rank or energy is a list, the function returns two lists. x: finite float32 [..., H, W], "
     "on any device. The function is not differentiable.\n"
     "Errors: a rank below 0 or above min(H, W), an energy outside [0,1], a dtype other than "
     "float32, values that are not finite."},
    {"hfc.decompose.singular_values", singular_values,
     "hfc.decompose.singular_values(x) -> Tensor float64 [..., min(H, W)]\n\n"
     "Returns the singular values of each channel, in descending order."},
    {"hfc.decompose.rank_of_energy", rank_of_energy,
     "hfc.decompose.rank_of_energy(x, share) -> Tensor int64 [...]\n\n"
     "Returns, for each channel, the smallest rank that keeps the fraction `share` of its energy."},
    {"hfc.decompose.energy_of_radius", energy_of_radius,
     "hfc.decompose.energy_of_radius(x, radius, {rule = \"<=\"}) -> Tensor float64 [...]\n\n"
     "Returns the fraction of each channel's energy at frequencies within the radius."},
    {"hfc.decompose.radius_of_energy", radius_of_energy,
     "hfc.decompose.radius_of_energy(x, share) -> number\n\n"
     "Returns the smallest radius at which the low part keeps the fraction `share` of the energy "
     "of x."},
    {"hfc.decompose.rank_of_radius", rank_of_radius,
     "hfc.decompose.rank_of_radius(height, width, radius, {rule = \"<=\"}) -> integer\n\n"
     "Returns the rank whose number of coefficients is closest to the number of frequencies within "
     "the radius."},
};

}  // namespace

namespace detail {

void register_decompose(lua_State* L) {
    declare(L, decompose_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
