// hfc-viewer [options] RUNS...: curves, images and tables of run directories in a window.
#include "viewer/layout_file.h"
#include "viewer/microscope_view.h"
#include "viewer/settings.h"
#include "viewer/viewer.h"
#include "viewer/window.h"
#include "viewer/window_loop.h"

#include <GLFW/glfw3.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

namespace hfc::viewer {
namespace {

int show(GLFWwindow* window, const Settings& settings, const Layout& layout, bool remembers) {
    if (settings.detached && std::freopen("/dev/null", "w", stderr) == nullptr) {
        return 1;
    }
    Viewer viewer(settings, layout);
    if (settings.measured > 0) {
        measure_frames(window, viewer, settings.measured);
        return 0;
    }
    if (!settings.picture.empty()) {
        return export_picture(window, viewer, settings.picture);
    }
    draw_until_closed(window, viewer);
    if (remembers) {
        auto last = viewer.layout();
        glfwGetWindowSize(window, &last.width, &last.height);
        write_layout(layout_path(), last);  // the layout is lost if this fails
    }
    return 0;
}

int run_microscope() {
    std::signal(SIGPIPE, SIG_IGN);  // the host may be gone
    WindowOptions options;
    options.title = "hfc microscope";
    options.width = 1100;
    options.height = 760;
    return in_window(options, [](GLFWwindow* window) {
        MicroscopeView view(STDIN_FILENO, STDOUT_FILENO);
        draw_until_closed(window, view);
        return 0;
    });
}

int run(const Settings& settings) {
    if (settings.microscope) {
        return run_microscope();
    }
    const bool remembers =
        settings.picture.empty() && settings.measured <= 0 && !layout_path().empty();
    const auto layout = remembers ? read_layout(layout_path()) : Layout();
    WindowOptions options;
    options.visible = settings.picture.empty();
    options.width = settings.size ? settings.size->first : layout.width;
    options.height = settings.size ? settings.size->second : layout.height;
    return in_window(options,
                     [&](GLFWwindow* window) { return show(window, settings, layout, remembers); });
}

}  // namespace
}  // namespace hfc::viewer

int main(int count, char** arguments) {
    try {
        return hfc::viewer::run(hfc::viewer::parse_settings(count, arguments));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hfc-viewer: %s\n", error.what());
        return 1;
    }
}
