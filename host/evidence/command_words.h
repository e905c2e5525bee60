// Common parts of the command lines of hfc-evidence.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hfc::host {

/// The command line was wrong or needs no action (--help): print `text` and exit with `status`.
struct CommandExit {
    int status;
    std::string text;
};

/// Throws CommandExit with status 2: "hfc-host COMMAND: TEXT; see hfc-host COMMAND --help".
[[noreturn]] void wrong_use(const std::string& command, const std::string& text);

/// Parses the words after `hfc-host COMMAND`, using the options of `app`. usage: the text after
/// `hfc-host COMMAND` in the usage line of the help. Throws CommandExit for a wrong command line
/// and for --help.
void parse_words(CLI::App& app, const std::string& command, const std::string& usage,
                 const std::vector<std::string>& words);

}  // namespace hfc::host
