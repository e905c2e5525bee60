// What the command lines of hfc-evidence share.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hfc::host {

/// The command line was wrong, or answered by itself (--help): print `text`, end with `status`.
struct CommandExit {
    int status;
    std::string text;
};

/// Throws CommandExit with status 2: "hfc-host COMMAND: TEXT; see hfc-host COMMAND --help".
[[noreturn]] void wrong_use(const std::string& command, const std::string& text);

/// Lets the options of `app` take the words that follow `hfc-host COMMAND`. usage: what stands
/// behind these in the help. Throws CommandExit for a wrong command line and --help.
void parse_words(CLI::App& app, const std::string& command, const std::string& usage,
                 const std::vector<std::string>& words);

}  // namespace hfc::host
