#include "run/directory.h"

#include "base/error.h"

#include <ctime>

namespace hfc::run {
namespace {

namespace fs = std::filesystem;

// Creates one directory. Returns false if it already exists.
bool add_folder(const fs::path& path, Made& made) {
    std::error_code error;
    const bool created = fs::create_directory(path, error);
    require(!error, "cannot create the run directory '{}': {}", path.string(), error.message());
    if (created) {
        made.add(path);
    }
    return created;
}

void add_parents(const fs::path& path, Made& made) {
    const auto parent = path.parent_path();
    std::error_code ignored;
    if (!parent.empty() && !fs::exists(parent, ignored)) {
        add_parents(parent, made);
        add_folder(parent, made);
    }
}

}  // namespace

Made::~Made() {
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) {
        std::error_code ignored;
        // Removes only an empty directory, never files that someone else has put there.
        fs::remove(*path, ignored);
    }
}

fs::path chosen_directory(const fs::path& out, Made& made) {
    auto directory = out.has_filename() ? out : out.parent_path();  // without a slash at the end
    std::error_code error;
    if (!fs::exists(directory, error)) {
        add_parents(directory, made);
        add_folder(directory, made);
        return directory;
    }
    require(fs::is_directory(directory, error),
            "the run directory '{}' is a file; choose a directory that does not exist or is empty",
            directory.string());
    const fs::directory_iterator entries(directory, error);
    require(!error, "cannot read the run directory '{}': {}", directory.string(), error.message());
    require(entries == fs::directory_iterator(),
            "the run directory '{}' is not empty (it contains '{}'); earlier runs are never "
            "overwritten, so choose a different directory",
            directory.string(),
            entries == fs::directory_iterator() ? "" : entries->path().filename().string());
    return directory;
}

fs::path default_directory(const std::string& name, Made& made, const fs::path& parent) {
    const auto now = std::time(nullptr);
    std::tm parts = {};
    ::localtime_r(&now, &parts);
    char stamp[32];
    std::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &parts);
    const auto first = parent / fmt::format("{}-{}", name, stamp);
    add_parents(first, made);
    auto directory = first;
    for (int number = 2; !add_folder(directory, made); ++number) {
        directory = fmt::format("{}-{}", first.string(), number);
    }
    return directory;
}

}  // namespace hfc::run
