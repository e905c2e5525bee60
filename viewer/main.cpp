// hfc-viewer [options] RUNS...: curves, images and tables of run directories in a window.
#include "viewer/settings.h"
#include "viewer/window.h"

#include <cstdio>
#include <exception>

int main(int count, char** arguments) {
    try {
        return hfc::viewer::show_window(hfc::viewer::parse_settings(count, arguments));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hfc-viewer: %s\n", error.what());
        return 1;
    }
}
