#include "viewer/settings.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace hfc::viewer {
namespace {

constexpr const char* usage =
    "Usage: hfc-viewer [options] RUNS...\n"
    "Shows the curves, images and tables of run directories, even while the runs are in progress.\n"
    "If a directory contains runs, as a sweep directory does, all of them are shown.\n\n"
    "  --light             use dark text on white\n"
    "  --size WxH          set the size of the window\n"
    "  --export FILE.png   write an image of the window and exit\n"
    "  --images, --tables, --status   open this tab first, instead of the curves\n"
    "  --keys              show the list of keys on startup\n"
    "  --detached          close standard error as soon as the window is open\n"
    "  --new-runs DIR      also show new runs in DIR\n"
    "  --since SECONDS     show only new runs that started after this time, in seconds since\n"
    "                      1970\n"
    "  --measure SECONDS   draw without pauses for this long, print the time per frame, and\n"
    "                      exit\n\n"
    "Press H in the window for the list of keys. The window remembers its size, axes and theme.\n";

[[noreturn]] void refuse(const char* format, const std::string& word) {
    std::fputs("hfc-viewer: ", stderr);
    std::fprintf(stderr, format, word.c_str());
    std::fputs("; see hfc-viewer --help\n", stderr);
    std::exit(2);
}

void parse_size(const std::string& text, Settings& settings) {
    char rest = 0;
    int width = 0, height = 0;
    const int found = std::sscanf(text.c_str(), "%dx%d%c", &width, &height, &rest);
    const auto fits = [](int pixels) { return pixels >= 200 && pixels <= 8192; };
    if (found != 2 || !fits(width) || !fits(height)) {
        refuse("option --size: expected WIDTHxHEIGHT between 200x200 and 8192x8192, got '%s'",
               text);
    }
    settings.size = {width, height};
}

}  // namespace

Settings parse_settings(int count, char** arguments) {
    Settings settings;
    for (int i = 1; i < count; ++i) {
        const std::string word = arguments[i];
        const auto value = [&]() -> std::string {
            if (i + 1 >= count) {
                refuse("option %s requires a value", word);
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
        } else if (word == "--microscope") {
            settings.microscope = true;  // hfc-host starts it and uses descriptors 0 and 1
        } else if (word == "--keys") {
            settings.help = true;
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
    if (settings.runs.empty() && settings.new_runs.empty() && !settings.microscope) {
        refuse("no run directory given%s", "");
    }
    return settings;
}

}  // namespace hfc::viewer
