#include "attack/options.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace hfc::attack {
namespace {

template <typename Choice, size_t count>
using Names = std::array<std::pair<Choice, const char*>, count>;

constexpr Names<Norm, 2> norms{{{Norm::l_infinity, "linf"}, {Norm::l2, "l2"}}};
constexpr Names<Loss, 3> losses{
    {{Loss::cross_entropy, "cross_entropy"}, {Loss::margin, "margin"}, {Loss::dlr, "dlr"}}};
constexpr Names<Keep, 2> keeps{{{Keep::last, "last"}, {Keep::best, "best"}}};

template <typename Choice, size_t count>
const char* find_name(const Names<Choice, count>& names, Choice choice) {
    return std::ranges::find(names, choice, &std::pair<Choice, const char*>::first)->second;
}

template <typename Choice, size_t count>
Choice find_choice(const Names<Choice, count>& names, std::string_view what,
                   std::string_view name) {
    std::vector<std::string> known;
    for (const auto& [choice, text] : names) {
        if (name == text) {
            return choice;
        }
        known.push_back(fmt::format("\"{}\"", text));
    }
    fail("{} must be {}, got \"{}\"", what, fmt::join(known, " or "), name);
}

}  // namespace

const char* name_of(Norm norm) {
    return find_name(norms, norm);
}

Norm parse_norm(std::string_view name) {
    return find_choice(norms, "norm", name);
}

const char* name_of(Loss loss) {
    return find_name(losses, loss);
}

Loss parse_loss(std::string_view name) {
    return find_choice(losses, "loss", name);
}

const char* name_of(Keep keep) {
    return find_name(keeps, keep);
}

Keep parse_keep(std::string_view name) {
    return find_choice(keeps, "keep", name);
}

Range no_range() {
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    return {-infinity, infinity};
}

}  // namespace hfc::attack
