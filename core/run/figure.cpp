#include "run/figure.h"

#include "base/error.h"
#include "run/whole_curve.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace hfc::run {
namespace {

using Json = nlohmann::ordered_json;

template <typename Items>
auto* find_or_add(Items& items, const std::string& name, std::string Items::value_type::*key) {
    auto found = std::find_if(items.begin(), items.end(),
                              [&](const auto& item) { return item.*key == name; });
    if (found == items.end()) {
        found = items.insert(items.end(), {name, {}});
    }
    return &*found;
}

std::optional<double> finite(const Json& event, const std::string& key) {
    const auto found = event.find(key);
    if (found == event.end() || !found->is_number() || !std::isfinite(found->get<double>())) {
        return std::nullopt;
    }
    return found->get<double>();
}

std::string series_of(const Json& event) {
    const auto found = event.find("series");
    return found != event.end() && found->is_string() ? found->get<std::string>() : "";
}

void add_points(const Json& event, const FigureOptions& options, Panel& panel) {
    const auto x = finite(event, options.x);
    const auto y = event.find(options.y);
    if (!x || y == event.end()) {
        return;
    }
    if (const auto number = finite(event, options.y)) {
        find_or_add(panel.curves, options.y, &Curve::name)->points.emplace_back(*x, *number);
    } else if (y->is_object()) {
        for (const auto& [name, ignored] : y->items()) {
            if (const auto value = finite(*y, name)) {
                find_or_add(panel.curves, name, &Curve::name)->points.emplace_back(*x, *value);
            }
        }
    }
}

// "train low r=12" -> ("train low r=#", {12})
std::pair<std::string, std::vector<double>> split_numbers(const std::string& name) {
    std::string text;
    std::vector<double> numbers;
    for (size_t i = 0; i < name.size();) {
        if (std::isdigit(static_cast<unsigned char>(name[i])) == 0) {
            text += name[i++];
            continue;
        }
        const auto end = std::min(name.find_first_not_of("0123456789.", i), name.size());
        numbers.push_back(std::strtod(name.substr(i, end - i).c_str(), nullptr));
        text += '#';
        i = end;
    }
    return {text, numbers};
}

// Radii come from tables without an order; a legend with 12, 16, 4, 8 would be hard to read.
void sort_by_numbers(std::vector<Curve>& curves) {
    std::vector<std::string> families;
    for (const auto& curve : curves) {
        families.push_back(split_numbers(curve.name).first);
    }
    const auto rank = [&](const Curve& curve) {
        const auto [text, numbers] = split_numbers(curve.name);
        return std::pair(std::find(families.begin(), families.end(), text) - families.begin(),
                         numbers);
    };
    std::stable_sort(curves.begin(), curves.end(),
                     [&](const Curve& a, const Curve& b) { return rank(a) < rank(b); });
}

/// The last of its name and series takes the place of those before.
void take_whole_curve(const Json& event, Panel& panel) {
    const auto& x = event.at("x");
    const auto& y = event.at("y");
    const auto series = series_of(event);
    auto& points =
        find_or_add(panel.curves, series.empty() ? panel.series : series, &Curve::name)->points;
    points.clear();
    for (size_t i = 0; i < y.size(); ++i) {
        if (x.at(i).is_number() && y.at(i).is_number() && std::isfinite(y.at(i).get<double>())) {
            points.emplace_back(x.at(i).get<double>(), y.at(i).get<double>());
        }
    }
}

constexpr const char* nothing_logged = "nothing has been logged yet, so there is nothing to draw";

std::vector<Panel> whole_curves(const Events& events, const std::vector<std::string>& names) {
    std::vector<Panel> logged;
    bool any = false;
    events([&](const Json& event) {
        any = true;
        if (is_whole_curve(event)) {
            take_whole_curve(
                event, *find_or_add(logged, event.at("curve").get<std::string>(), &Panel::series));
        }
    });
    require(any, "{}", nothing_logged);
    std::vector<std::string> known;
    for (const auto& panel : logged) {
        known.push_back(panel.series);
    }
    std::vector<Panel> chosen;
    for (const auto& name : names) {
        const auto found = std::find_if(logged.begin(), logged.end(),
                                        [&](const Panel& panel) { return panel.series == name; });
        require(found != logged.end(), "run:curve has logged no curve '{}'{}; there are '{}'", name,
                did_you_mean(name, known), fmt::join(known, "', '"));
        chosen.push_back(*found);
    }
    return chosen;
}

std::vector<std::string> keys_of(const Events& events) {
    std::vector<std::string> keys;
    events([&](const Json& event) {
        for (const auto& [key, value] : event.items()) {
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
                keys.push_back(key);
            }
        }
    });
    return keys;
}

}  // namespace

std::vector<Panel> make_panels(const Events& events, const FigureOptions& options) {
    if (!options.curves.empty()) {
        return whole_curves(events, options.curves);
    }
    std::vector<Panel> logged;
    events([&](const Json& event) {
        add_points(event, options, *find_or_add(logged, series_of(event), &Panel::series));
    });
    require(!logged.empty(), "{}", nothing_logged);
    std::vector<std::string> known;
    for (auto& panel : logged) {
        sort_by_numbers(panel.curves);
        known.push_back(panel.series);
    }
    if (options.panels.empty()) {
        logged.erase(std::remove_if(logged.begin(), logged.end(),
                                    [](const Panel& panel) { return panel.curves.empty(); }),
                     logged.end());
        require(!logged.empty(),
                "no event has numbers under both '{}' and '{}'; the events' keys are {}", options.x,
                options.y, fmt::join(keys_of(events), ", "));
        return logged;
    }
    std::vector<Panel> chosen;
    for (const auto& name : options.panels) {
        const auto found = std::find_if(logged.begin(), logged.end(),
                                        [&](const Panel& panel) { return panel.series == name; });
        require(found != logged.end(), "no series '{}' has been logged{}; there are '{}'", name,
                did_you_mean(name, known), fmt::join(known, "', '"));
        require(!found->curves.empty(),
                "series '{}' has no numbers under both '{}' and '{}'; the events' keys "
                "are {}",
                name, options.x, options.y, fmt::join(keys_of(events), ", "));
        chosen.push_back(*found);
    }
    return chosen;
}

}  // namespace hfc::run
