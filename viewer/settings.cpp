#include "viewer/settings.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace hfc::viewer {
namespace {

constexpr const char* usage =
    "Usage: hfc-viewer [options] RUNS...\n"
    "Shows the curves, images and tables of run directories, also while they grow.\n\n"
    "  --light             dark writing on white\n"
    "  --size WxH          of the window\n"
    "  --export FILE.png   write the window's picture and end\n"
    "  --images, --tables, --status   begin there instead of with the curves\n"
    "  --detached          let go of standard error as soon as the window is there\n"
    "  --new-runs FOLDER   also show the runs that appear in FOLDER\n"
    "  --since SECONDS     of those, none begun before (seconds since 1970)\n"
    "  --measure SECONDS   draw without a pause for so long, print the frames a second and end\n\n"
    "In the window: drag or wheel to zoom (Shift: horizontally), double click or R to show all, "
    "right click to save a panel as PNG, SVG "
    "or\n"
    "CSV, S to save all panels, L logarithmic, T theme, Q to close. Buttons pause the run, let it "
    "go on, or stop it after this epoch.\n";

[[noreturn]] void refuse(const char* format, const std::string& word) {
    std::fputs("hfc-viewer: ", stderr);
    std::fprintf(stderr, format, word.c_str());
    std::fputs("; see hfc-viewer --help\n", stderr);
    std::exit(2);
}

void parse_size(const std::string& text, Settings& settings) {
    char rest = 0;
    const int found =
        std::sscanf(text.c_str(), "%dx%d%c", &settings.width, &settings.height, &rest);
    const auto fits = [](int pixels) { return pixels >= 200 && pixels <= 8192; };
    if (found != 2 || !fits(settings.width) || !fits(settings.height)) {
        refuse("option --size: expected WIDTHxHEIGHT between 200x200 and 8192x8192, got '%s'",
               text);
    }
}

}  // namespace

Settings parse_settings(int count, char** arguments) {
    Settings settings;
    for (int i = 1; i < count; ++i) {
        const std::string word = arguments[i];
        const auto value = [&]() -> std::string {
            if (i + 1 >= count) {
                refuse("option %s needs a value", word);
            }
            return arguments[++i];
        };
        if (word == "--help" || word == "-h") {
            std::fputs(usage, stdout);
            std::exit(0);
        } else if (word == "--light") {
            settings.dark = false;
        } else if (word == "--images") {
            settings.tab = 1;
        } else if (word == "--tables") {
            settings.tab = 2;
        } else if (word == "--status") {
            settings.tab = 3;
        } else if (word == "--detached") {
            settings.detached = true;
        } else if (word == "--export") {
            settings.picture = value();
        } else if (word == "--new-runs") {
            settings.new_runs = value();
        } else if (word == "--since") {
            settings.since = std::strtol(value().c_str(), nullptr, 10);
        } else if (word == "--measure") {
            settings.measured = std::strtod(value().c_str(), nullptr);
        } else if (word == "--size") {
            parse_size(value(), settings);
        } else if (word.size() > 1 && word.starts_with("-")) {
            refuse("unknown option '%s'", word);
        } else {
            settings.runs.emplace_back(word);
        }
    }
    if (settings.runs.empty() && settings.new_runs.empty()) {
        refuse("no run directory given%s", "");
    }
    return settings;
}

}  // namespace hfc::viewer
