// The environment variables that a sandboxed script may read.
#pragma once

#include <filesystem>
#include <string_view>

namespace hfc::sandbox {

/// Whether a sandboxed script may read this variable: it must configure the computation or the
/// locale, or be a basic one such as PATH.
bool is_kept(std::string_view name);

/// Removes all other variables, because some may hold tokens or passwords. Also erases them from
/// /proc/self/environ. Sets TMPDIR to `temporary`.
void clean_environment(const std::filesystem::path& temporary);

}  // namespace hfc::sandbox
