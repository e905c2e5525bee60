#include "viewer/layout_file.h"

#include "base/json_depth.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;
using LayoutJson = nlohmann::ordered_json;

/// The number under a key if it exists and is within the range; otherwise `usual`.
template <typename T>
T number_in(const LayoutJson& json, const char* key, T usual, double low, double high) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number()) {
        return usual;
    }
    const double value = found->get<double>();
    return value >= low && value <= high ? static_cast<T>(value) : usual;
}

bool switch_in(const LayoutJson& json, const char* key, bool usual) {
    const auto found = json.find(key);
    return found != json.end() && found->is_boolean() ? found->get<bool>() : usual;
}

}  // namespace

fs::path layout_path() {
    const auto variable = [](const char* name) {
        const char* const value = std::getenv(name);
        return fs::path(value == nullptr ? "" : value);
    };
    const auto state = variable("XDG_STATE_HOME");
    const auto home = variable("HOME");
    const auto folder = !state.empty() ? state : home.empty() ? home : home / ".local" / "state";
    return folder.empty() ? folder : folder / "hfc-host" / "viewer.json";
}

Layout read_layout(const fs::path& path) {
    Layout layout;
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
        return layout;
    }
    constexpr size_t most_bytes = 1 << 16;
    std::string text(most_bytes, '\0');
    std::ifstream file(path, std::ios::binary);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(file.gcount()));
    const auto json = nests_deeper(text)
                          ? LayoutJson()
                          : LayoutJson::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) {
        return layout;
    }
    auto& choice = layout.choice;
    choice.axis = static_cast<Axis>(number_in(json, "axis", 0, 0, 2));
    choice.smoothing = number_in(json, "smoothing", choice.smoothing, 0, 0.99);
    choice.split =
        static_cast<Split>(number_in(json, "panels", 0, 0, double(split_names.size() - 1)));
    choice.logarithmic = switch_in(json, "logarithmic", choice.logarithmic);
    choice.logarithmic_x = switch_in(json, "logarithmic_x", choice.logarithmic_x);
    choice.dark = switch_in(json, "dark", choice.dark);
    choice.bands = switch_in(json, "bands", choice.bands);
    choice.labels = switch_in(json, "labels", choice.labels);
    layout.tab = number_in(json, "tab", layout.tab, 0, 3);
    layout.width = number_in(json, "width", layout.width, 200, 8192);
    layout.height = number_in(json, "height", layout.height, 200, 8192);
    layout.side = number_in(json, "side", layout.side, 120, 800);
    return layout;
}

bool write_layout(const fs::path& path, const Layout& layout) {
    const auto& choice = layout.choice;
    const LayoutJson json = {{"axis", static_cast<int>(choice.axis)},
                             {"smoothing", choice.smoothing},
                             {"panels", static_cast<int>(choice.split)},
                             {"logarithmic", choice.logarithmic},
                             {"logarithmic_x", choice.logarithmic_x},
                             {"dark", choice.dark},
                             {"bands", choice.bands},
                             {"labels", choice.labels},
                             {"tab", layout.tab},
                             {"width", layout.width},
                             {"height", layout.height},
                             {"side", layout.side}};
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    auto fresh = path;
    fresh += ".new";
    std::ofstream file(fresh);
    file << json.dump(2) << '\n';
    file.close();
    if (!file) {
        return false;
    }
    fs::rename(fresh, path, error);
    return !error;
}

}  // namespace hfc::viewer
