// Where the program's own functions may write. In the kernel's sandbox, this only improves the
// error message; with --sandbox=lua nothing else restricts writing.
#pragma once

#include <filesystem>

namespace hfc::sandbox {

/// Whether `path` is `folder` or lies below it; both must be canonical, as returned by
/// std::filesystem::canonical().
bool lies_within(const std::filesystem::path& path, const std::filesystem::path& folder);

/// From now on, OutputFile and make_folder() throw Error for a path outside `folder`, after
/// following links. `folder` must exist. This cannot be undone.
void confine_writes(const std::filesystem::path& folder);

}  // namespace hfc::sandbox
