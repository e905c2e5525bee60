// Where this process may write: everywhere, unless it runs a script from somebody else.
#pragma once

#include <filesystem>

namespace hfc {

/// Whether `path` is `folder` or lies below it; both canonical, as std::filesystem::canonical()
/// gives them.
bool lies_within(const std::filesystem::path& path, const std::filesystem::path& folder);

/// From now on OutputFile, make_folder() and run directories are refused until allow_writes_in()
/// names a folder. For good.
void confine_writes();

/// Allows writes in that folder, which must exist, and below it; without confine_writes() it does
/// nothing. Throws Error where another folder has been allowed before.
void allow_writes_in(const std::filesystem::path& folder);

/// Throws Error naming the path where it lies, links followed, outside the folder that writes are
/// confined to.
void require_writable(const std::filesystem::path& path);

}  // namespace hfc
