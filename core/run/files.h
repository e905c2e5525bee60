// Files in a directory to which other programs write.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace hfc::run {

struct File {
    std::filesystem::path path;
    std::filesystem::file_time_type written;

    bool operator==(const File&) const = default;
};

/// The regular files in a directory whose names end with `extension` (".png"). Other files are left
/// out, because opening a pipe, for example, could block. Empty if the directory cannot be read.
std::vector<File> files_of(const std::filesystem::path& folder, std::string_view extension);

}  // namespace hfc::run
