#include "host/evidence/command_words.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace hfc::host {
namespace {

class Usage : public CLI::Formatter {
  public:
    explicit Usage(std::string line) : line_(std::move(line)) {}

  private:
    std::string make_usage(const CLI::App*, std::string) const override { return line_; }

    std::string line_;
};

}  // namespace

void wrong_use(const std::string& command, const std::string& text) {
    throw CommandExit{
        2, fmt::format("hfc-host {}: {}; see hfc-host {} --help", command, text, command)};
}

void parse_words(CLI::App& app, const std::string& command, const std::string& usage,
                 const std::vector<std::string>& words) {
    app.name("hfc-host " + command);
    app.formatter(std::make_shared<Usage>(fmt::format("Usage: hfc-host {} {}\n", command, usage)));
    std::vector<std::string> reversed(words.rbegin(), words.rend());  // the order for CLI11
    try {
        app.parse(reversed);
    } catch (const CLI::CallForHelp&) {
        throw CommandExit{0, app.help()};
    } catch (const CLI::ParseError& error) {
        wrong_use(command, error.what());
    }
}

}  // namespace hfc::host
