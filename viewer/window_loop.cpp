#include "viewer/window_loop.h"

#include "viewer/input_queue.h"
#include "viewer/window.h"

#include <backends/imgui_impl_glfw.h>
#include <backends/imgui_impl_opengl3.h>
#include <imgui.h>

#include <GL/gl.h>
#include <GLFW/glfw3.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <functional>
#include <set>
#include <utility>
#include <vector>

namespace hfc::viewer {
namespace {

/// How long reading new data may take before the next frame: while the user is moving something,
/// and while the user is only looking.
constexpr double seconds_per_frame = 0.015, seconds_per_look = 0.25;

InputQueue& input() {
    static InputQueue queue;
    return queue;
}

std::set<int>& pressed_keys() {
    static std::set<int> keys;
    return keys;
}

/// Whether there has been any mouse or keyboard input since this was last set to false.
bool& something_happened() {
    static bool happened = false;
    return happened;
}

/// Passes the input of the next frame to ImGui, instead of the current state of the mouse.
void take_input() {
    const auto& frame = input().next();
    pressed_keys() = frame.pressed;
    auto& io = ImGui::GetIO();
    if (frame.has_position && ImGui::IsMousePosValid(&io.MousePos)) {
        io.MousePos = {frame.x, frame.y};
    }
    for (size_t button = 0; button < frame.down.size(); ++button) {
        io.MouseDown[button] = frame.down[button];
    }
}

void draw_frame(GLFWwindow* window, Content& content, const std::function<void()>& before = {}) {
    int width = 0, height = 0;
    glfwGetFramebufferSize(window, &width, &height);
    ImGui_ImplOpenGL3_NewFrame();
    ImGui_ImplGlfw_NewFrame();
    take_input();
    if (before) {
        before();  // replaces the real mouse
    }
    ImGui::NewFrame();
    content.draw();
    if (shortcut(GLFW_KEY_Q) || content.finished()) {
        glfwSetWindowShouldClose(window, GLFW_TRUE);
    }
    ImGui::Render();
    glViewport(0, 0, width, height);
    glClear(GL_COLOR_BUFFER_BIT);
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
    content.drawn();
}

double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// How long to wait before the next look at the runs, given the processor time that the last look
/// and its frame took. A window that is open during training uses processor time, mostly for
/// drawing with software OpenGL. So the window gets half a percent of a core, within these bounds.
double pause_after(double processor) {
    constexpr double share = 0.005, least = 1, most = 4;
    return std::clamp(processor / share, least, most);
}

/// The processor time that this thread has used.
double thread_seconds() {
    timespec time = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void print_frames(const char* what, std::vector<double>& seconds, double elapsed) {
    if (seconds.empty()) {
        return;
    }
    std::sort(seconds.begin(), seconds.end());
    const auto at = [&](double share) {
        return 1000 * seconds[static_cast<size_t>(share * static_cast<double>(seconds.size() - 1))];
    };
    std::printf(
        "%s: frame times without the buffer swap: median %.2f ms, 95th percentile %.2f ms; "
        "%.1f frames/s\n",
        what, at(0.5), at(0.95), static_cast<double>(seconds.size()) / elapsed);
}

}  // namespace

/// Called before ImGui installs its own callbacks, which then call these callbacks, too.
void watch_input(GLFWwindow* window) {
    glfwSetKeyCallback(window, [](GLFWwindow*, int key, int, int action, int) {
        something_happened() = true;
        if (action == GLFW_PRESS) {
            input().press(key);
        }
    });
    glfwSetMouseButtonCallback(window, [](GLFWwindow*, int button, int action, int) {
        something_happened() = true;
        input().button(button, action == GLFW_PRESS);
    });
    glfwSetScrollCallback(window, [](GLFWwindow*, double, double) { something_happened() = true; });
    glfwSetCursorPosCallback(window, [](GLFWwindow*, double x, double y) {
        something_happened() = true;
        input().move(x, y);
    });
}

bool pressed(int key) {
    return pressed_keys().contains(key);
}

bool shortcut(int key) {
    return pressed(key) && !ImGui::GetIO().WantTextInput;
}

int export_picture(GLFWwindow* window, Content& content, const std::filesystem::path& path) {
    int more_frames = 60;  // a limit, because a run may keep growing
    for (int frames = 3; frames > 0;) {
        glfwPollEvents();
        const bool changed = content.poll(seconds_per_look);
        more_frames -= content.more() ? 0 : 1;
        frames = content.more() || (changed && more_frames > 0) ? 3 : frames - 1;
        draw_frame(window, content);
        if (frames > 0) {
            glfwSwapBuffers(window);
        }
    }
    int width = 0, height = 0;
    glfwGetFramebufferSize(window, &width, &height);
    if (!write_picture(path, 0, 0, width, height)) {
        std::fprintf(stderr, "hfc-viewer: cannot write '%s'\n", path.c_str());
        return 1;
    }
    return 0;
}

void measure_frames(GLFWwindow* window, Content& content, double seconds) {
    glfwSwapInterval(0);
    do {
        glfwPollEvents();
        content.poll(seconds_per_look);
        draw_frame(window, content);
        glfwSwapBuffers(window);
    } while (content.more());
    const auto move = [](double time) {
        auto& io = ImGui::GetIO();
        io.MousePos = {io.DisplaySize.x * static_cast<float>(0.6 + 0.3 * std::sin(2 * time)),
                       io.DisplaySize.y * static_cast<float>(0.5 + 0.3 * std::cos(3 * time))};
    };
    const auto zoom = [&](double time) {
        move(time);
        ImGui::GetIO().MouseWheel = std::sin(time) > 0 ? 0.1F : -0.1F;
    };
    const std::vector<std::pair<const char*, std::function<void(double)>>> kinds = {
        {"at rest", [](double) {}}, {"pointing", move}, {"zooming", zoom}};
    for (const auto& [name, act] : kinds) {
        std::vector<double> taken;
        const double start = glfwGetTime();
        while (glfwWindowShouldClose(window) == 0 && glfwGetTime() - start < seconds) {
            glfwPollEvents();
            const double before = thread_seconds();
            content.poll(seconds_per_frame);
            const auto& what = act;
            draw_frame(window, content, [&] { what(glfwGetTime() - start); });
            taken.push_back(thread_seconds() - before);
            glfwSwapBuffers(window);
        }
        print_frames(name, taken, glfwGetTime() - start);
    }
}

void draw_until_closed(GLFWwindow* window, Content& content) {
    // After an event, ImGui needs a few frames to settle. Then nothing is drawn until something
    // happens. New data is drawn in one frame at each look, and in one more frame at the next look,
    // in case the first frame moved something.
    constexpr int settling = 3;
    int frames = settling;
    bool unsettled = false;
    double looked = processor_seconds();
    content.poll(seconds_per_look);  // so that the first frame shows what there is
    while (glfwWindowShouldClose(window) == 0) {
        if (frames > 0 || content.more()) {
            glfwPollEvents();
        } else {
            const double pause = pause_after(processor_seconds() - looked), before = glfwGetTime();
            glfwWaitEventsTimeout(pause);
            frames = glfwGetTime() - before < pause - 0.001 ? settling : 0;
            looked = processor_seconds();
        }
        // If a button is released while the frames of its press are drawn, the release needs its
        // own frames.
        if (std::exchange(something_happened(), false) || !input().empty()) {
            frames = settling;
        }
        const bool changed = content.poll(frames > 0 ? seconds_per_frame : seconds_per_look);
        frames = changed || unsettled ? std::max(frames, 1) : frames;
        unsettled = changed;
        if (frames > 0) {
            --frames;
            draw_frame(window, content);
            glfwSwapBuffers(window);
        }
    }
}

}  // namespace hfc::viewer
