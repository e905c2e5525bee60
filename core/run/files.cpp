#include "run/files.h"

#include <system_error>

namespace hfc::run {

namespace fs = std::filesystem;

std::vector<File> files_of(const fs::path& folder, std::string_view extension) {
    std::vector<File> files;
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
        std::error_code unreadable;
        const auto written = entry->last_write_time(unreadable);
        if (entry->path().extension() == extension && !unreadable &&
            entry->is_regular_file(unreadable)) {
            files.push_back({entry->path(), written});
        }
    }
    return files;
}

}  // namespace hfc::run
