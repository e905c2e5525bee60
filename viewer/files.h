// Files of a folder that others write.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace hfc::viewer {

struct File {
    std::filesystem::path path;
    std::filesystem::file_time_type written;

    bool operator==(const File&) const = default;
};

/// The regular files in a folder whose names end with `extension` (".png"): opening anything else,
/// such as a pipe, might wait. None where the folder cannot be read.
std::vector<File> files_of(const std::filesystem::path& folder, std::string_view extension);

}  // namespace hfc::viewer
