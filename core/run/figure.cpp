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
using plot::Panel;

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

/// Numbers that are not finite appear in the log as null.
double number_or_nan(const Json& value) {
    return value.is_number() ? value.get<double>() : std::nan("");
}

bool is_value(const Json& value) {
    return value.is_number() || value.is_null();
}

std::string series_of(const Json& event) {
    const auto found = event.find("series");
    return found != event.end() && found->is_string() ? found->get<std::string>() : "";
}

void add_points(const Json& event, const std::string& x_key, const std::string& y_key,
                Panel& panel) {
    const auto x = finite(event, x_key);
    const auto y = event.find(y_key);
    if (!x || y == event.end()) {
        return;
    }
    const auto add = [&](const std::string& name, const Json& value) {
        if (is_value(value)) {
            find_or_add(panel.curves, name, &plot::Curve::name)
                ->points.emplace_back(*x, number_or_nan(value));
        }
    };
    if (y->is_object()) {
        for (const auto& [name, value] : y->items()) {
            add(name, value);
        }
    } else {
        add(y_key, *y);
    }
}

/// Removes curves that have no value to show.
void drop_empty_curves(Panel& panel) {
    std::erase_if(panel.curves, [](const plot::Curve& curve) {
        return std::ranges::none_of(curve.points,
                                    [](const auto& point) { return std::isfinite(point.second); });
    });
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

// Radii come from Lua tables, which have no order; a legend with 12, 16, 4, 8 would be hard to
// read.
void sort_by_numbers(std::vector<plot::Curve>& curves) {
    std::vector<std::string> families;
    for (const auto& curve : curves) {
        families.push_back(split_numbers(curve.name).first);
    }
    const auto rank = [&](const plot::Curve& curve) {
        const auto [text, numbers] = split_numbers(curve.name);
        return std::pair(std::find(families.begin(), families.end(), text) - families.begin(),
                         numbers);
    };
    std::stable_sort(curves.begin(), curves.end(),
                     [&](const plot::Curve& a, const plot::Curve& b) { return rank(a) < rank(b); });
}

/// The low and the high part at the same radius have the same colour, as in the figures of Wang et
/// al. 2020: "low r=4" is solid and "high r=4" is dashed.
void pair_parts(std::vector<plot::Curve>& curves) {
    for (auto& curve : curves) {
        for (const std::string part : {"low r=", "high r="}) {
            const auto at = curve.name.find(part);
            if (at != std::string::npos) {
                curve.colour = curve.name;
                curve.colour.replace(at, part.size(), "r=");
                curve.dash = part == "high r=" ? 1 : 0;
            }
        }
    }
}

/// Adds a whole curve, which replaces an earlier one with the same name and series.
void take_whole_curve(const Json& event, Panel& panel) {
    const auto& x = event.at("x");
    const auto& y = event.at("y");
    const auto series = series_of(event);
    auto& points =
        find_or_add(panel.curves, series.empty() ? panel.title : series, &plot::Curve::name)
            ->points;
    points.clear();
    for (size_t i = 0; i < y.size(); ++i) {
        if (x.at(i).is_number() && is_value(y.at(i))) {
            points.emplace_back(x.at(i).get<double>(), number_or_nan(y.at(i)));
        }
    }
    if (const auto found = event.find("x_name"); found != event.end() && found->is_string()) {
        panel.x.name = found->get<std::string>();
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
                event, *find_or_add(logged, event.at("curve").get<std::string>(), &Panel::title));
        }
    });
    require(any, "{}", nothing_logged);
    std::vector<std::string> known;
    for (const auto& panel : logged) {
        known.push_back(panel.title);
    }
    std::vector<Panel> chosen;
    for (const auto& name : names) {
        const auto found = std::find_if(logged.begin(), logged.end(),
                                        [&](const Panel& panel) { return panel.title == name; });
        require(found != logged.end(),
                "no curve '{}' has been logged with run:curve{}; the curves are '{}'", name,
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
    const auto x = options.x.empty() ? "epoch" : options.x,
               y = options.y.empty() ? "accuracy" : options.y;
    std::vector<Panel> logged;
    events([&](const Json& event) {
        add_points(event, x, y, *find_or_add(logged, series_of(event), &Panel::title));
    });
    require(!logged.empty(), "{}", nothing_logged);
    std::vector<std::string> known;
    for (auto& panel : logged) {
        drop_empty_curves(panel);
        sort_by_numbers(panel.curves);
        pair_parts(panel.curves);
        known.push_back(panel.title);
    }
    if (options.panels.empty()) {
        logged.erase(std::remove_if(logged.begin(), logged.end(),
                                    [](const Panel& panel) { return panel.curves.empty(); }),
                     logged.end());
        require(!logged.empty(),
                "no event has numbers under both '{}' and '{}'; the events' keys are {}", x, y,
                fmt::join(keys_of(events), ", "));
        return logged;
    }
    std::vector<Panel> chosen;
    for (const auto& name : options.panels) {
        const auto found = std::find_if(logged.begin(), logged.end(),
                                        [&](const Panel& panel) { return panel.title == name; });
        require(found != logged.end(), "no series '{}' has been logged{}; the series are '{}'",
                name, did_you_mean(name, known), fmt::join(known, "', '"));
        require(!found->curves.empty(),
                "in series '{}', no event has numbers under both '{}' and '{}'; the "
                "events' keys are {}",
                name, x, y, fmt::join(keys_of(events), ", "));
        chosen.push_back(*found);
    }
    return chosen;
}

namespace {

std::string capitalised(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
        text[0] = static_cast<char>(text[0] - 'a' + 'A');
    }
    return text;
}

/// Whether all values are possible accuracies. Bands may extend beyond [0,1]; they are cut off.
bool are_accuracies(const std::vector<Panel>& panels, const std::string& key) {
    if (key.find("accuracy") == std::string::npos) {
        return false;
    }
    return std::ranges::all_of(panels, [](const Panel& panel) {
        return std::ranges::all_of(panel.curves, [](const plot::Curve& curve) {
            return std::ranges::all_of(curve.points, [](const auto& point) {
                return !std::isfinite(point.second) || (point.second >= 0 && point.second <= 1);
            });
        });
    });
}

}  // namespace

plot::Chart make_chart(std::vector<Panel> panels, const FigureOptions& options) {
    const bool whole = !options.curves.empty();
    const auto x = options.x.empty() && !whole ? "epoch" : options.x,
               y = options.y.empty() && !whole ? "accuracy" : options.y;
    const bool unit = are_accuracies(panels, y) && options.log.find('y') == std::string::npos;
    for (auto& panel : panels) {
        panel.x.name = !options.x_name.empty() ? options.x_name
                       : !x.empty()            ? capitalised(x)
                                               : capitalised(panel.x.name);
        panel.y.name = options.y_name.empty() ? capitalised(y) : options.y_name;
        panel.x.log = options.log.find('x') != std::string::npos;
        panel.y.log = options.log.find('y') != std::string::npos;
        panel.y.unit = unit;
    }
    const size_t across = panels.size() == 5 ? 5 : 4;  // the paper's rows have up to five panels
    return {.panels = std::move(panels),
            .title = options.title,
            .one_vertical_axis = true,
            .across = across,
            .width = options.width,
            .font_size = options.font_size};
}

}  // namespace hfc::run
