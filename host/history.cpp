#include "host/history.h"

#include "base/file.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <unordered_set>

namespace hfc::host {

std::filesystem::path history_path() {
    const auto variable = [](const char* name) {
        return std::string(std::getenv(name) != nullptr ? std::getenv(name) : "");
    };
    std::filesystem::path folder = variable("XDG_STATE_HOME");
    if (folder.empty()) {
        const std::string home = variable("HOME");
        folder = home.empty() ? "" : home + "/.local/state";
    }
    return folder.empty() ? folder : folder / "hfc-host" / "history";
}

std::vector<std::string> load_history(const std::filesystem::path& path, size_t most) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    std::vector<std::string> kept;
    std::unordered_set<std::string> seen;
    for (size_t i = lines.size(); i > 0 && kept.size() < most; --i) {
        if (seen.insert(lines[i - 1]).second) {
            kept.push_back(lines[i - 1]);
        }
    }
    std::reverse(kept.begin(), kept.end());
    if (lines.size() > 2 * kept.size() + 100) {
        std::string text;
        for (const auto& line : kept) {
            text += line + '\n';
        }
        try {
            write_file(path, text);
        } catch (const std::exception&) {
            // The longer file can still be used.
        }
    }
    return kept;
}

void append_history(const std::filesystem::path& path, const std::string& line) {
    if (path.empty()) {
        return;
    }
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    std::ofstream(path, std::ios::app) << line << '\n';
}

}  // namespace hfc::host
