#include "viewer/series_name.h"

#include <charconv>
#include <sstream>
#include <string_view>

namespace hfc::viewer {
namespace {

Band band_of(std::string_view word) {
    const auto is = [&](std::string_view name) {
        return word.starts_with(name) && (word.size() == name.size() || word[name.size()] == '-');
    };
    return is("low") ? Band::low : is("high") ? Band::high : Band::none;
}

/// Parses "r=4" and "r<=4". Returns false for any other word.
bool take_radius(std::string_view word, double& radius) {
    for (const std::string_view start : {"r=", "r<="}) {
        if (!word.starts_with(start)) {
            continue;
        }
        const auto* const end = word.data() + word.size();
        double number = 0;
        const auto [last, error] = std::from_chars(word.data() + start.size(), end, number);
        if (error == std::errc() && last == end) {
            radius = number;
            return true;
        }
    }
    return false;
}

}  // namespace

SeriesName parse_series_name(const std::string& name) {
    SeriesName parsed;
    const auto cut = name.rfind(": ");
    parsed.series = cut == std::string::npos ? "" : name.substr(0, cut);
    parsed.quantity = cut == std::string::npos ? name : name.substr(cut + 2);
    std::istringstream words(parsed.quantity);
    for (std::string word; words >> word;) {
        if (take_radius(word, parsed.radius)) {
            continue;
        }
        if (const auto band = band_of(word); band != Band::none) {
            parsed.band = band;
            continue;
        }
        parsed.subset += (parsed.subset.empty() ? "" : " ") + word;
    }
    return parsed;
}

}  // namespace hfc::viewer
