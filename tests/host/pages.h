// The project's pages in Markdown, read by tests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::test {

/// The root of the source tree.
std::filesystem::path source_folder();

/// The texts between "```KIND" and "```".
std::vector<std::string> blocks_of(const std::string& text, const std::string& kind);

}  // namespace hfc::test
