#include "viewer/window.h"

#include "viewer/viewer.h"

#include <backends/imgui_impl_glfw.h>
#include <backends/imgui_impl_opengl3.h>
#include <imgui.h>

#include <GL/gl.h>
#include <GLFW/glfw3.h>
#include <stb/stb_image_write.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;

std::set<int>& pressed_keys() {
    static std::set<int> keys;
    return keys;
}

/// The mouse or a key did something since this was last set to false.
bool& something_happened() {
    static bool happened = false;
    return happened;
}

/// Before ImGui's own, which calls these too.
void set_callbacks(GLFWwindow* window) {
    glfwSetKeyCallback(window, [](GLFWwindow*, int key, int, int action, int) {
        something_happened() = true;
        if (action == GLFW_PRESS) {
            pressed_keys().insert(key);
        }
    });
    glfwSetMouseButtonCallback(window,
                               [](GLFWwindow*, int, int, int) { something_happened() = true; });
    glfwSetScrollCallback(window, [](GLFWwindow*, double, double) { something_happened() = true; });
    glfwSetCursorPosCallback(window,
                             [](GLFWwindow*, double, double) { something_happened() = true; });
}

void load_font() {
    const char* const font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
    if (fs::exists(font)) {
        ImGui::GetIO().Fonts->AddFontFromFileTTF(font, 15);
    }
}

void draw_frame(GLFWwindow* window, Viewer& viewer) {
    int width = 0, height = 0;
    glfwGetFramebufferSize(window, &width, &height);
    ImGui_ImplOpenGL3_NewFrame();
    ImGui_ImplGlfw_NewFrame();
    ImGui::NewFrame();
    viewer.draw();
    if (pressed(GLFW_KEY_Q)) {
        glfwSetWindowShouldClose(window, GLFW_TRUE);
    }
    pressed_keys().clear();
    ImGui::Render();
    glViewport(0, 0, width, height);
    glClear(GL_COLOR_BUFFER_BIT);
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
    viewer.drawn();
}

/// Draws what there is until it is whole, and writes it.
int export_picture(GLFWwindow* window, Viewer& viewer, const fs::path& path) {
    int more_frames = 60;  // once all has been read: a run may grow without end
    for (int frames = 3; frames > 0;) {
        glfwPollEvents();
        const bool changed = viewer.poll(seconds_a_look);
        more_frames -= viewer.more() ? 0 : 1;
        frames = viewer.more() || (changed && more_frames > 0) ? 3 : frames - 1;
        draw_frame(window, viewer);
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

double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// As fast as it goes, once all there is has been read.
void measure(GLFWwindow* window, Viewer& viewer, double seconds) {
    glfwSwapInterval(0);
    int frames = 0;
    double processor = 0;
    for (double start = 0;
         glfwWindowShouldClose(window) == 0 && (frames == 0 || glfwGetTime() - start < seconds);) {
        glfwPollEvents();
        viewer.poll();
        draw_frame(window, viewer);
        glfwSwapBuffers(window);
        if (!viewer.more()) {
            start = frames == 0 ? glfwGetTime() : start;
            processor = frames == 0 ? processor_seconds() : processor;
            ++frames;
        }
    }
    std::printf("%.1f frames/s, %.1f ms of processor time a frame\n", (frames - 1) / seconds,
                1000 * (processor_seconds() - processor) / std::max(1, frames - 1));
}

/// How long to wait before the next look at the runs, by the processor time that the last one and
/// its frame took: a window open beside a training takes of its processor, most of it where OpenGL
/// is software. So it gets half a percent of a core, within these bounds.
double pause_after(double processor) {
    constexpr double share = 0.005, least = 1, most = 4;
    return std::clamp(processor / share, least, most);
}

void draw_until_closed(GLFWwindow* window, Viewer& viewer) {
    // After an event ImGui needs some frames to settle; then nothing is drawn until something
    // happens. New data get one frame a look, and one more at the next, for what that frame moved.
    constexpr int settling = 3;
    int frames = settling;
    bool unsettled = false;
    double looked = processor_seconds();
    while (glfwWindowShouldClose(window) == 0) {
        if (frames > 0 || viewer.more()) {
            glfwPollEvents();
        } else {
            const double pause = pause_after(processor_seconds() - looked), before = glfwGetTime();
            glfwWaitEventsTimeout(pause);
            frames = glfwGetTime() - before < pause - 0.001 ? settling : 0;
            looked = processor_seconds();
        }
        // A button let go while the frames of its press are drawn needs frames of its own.
        if (std::exchange(something_happened(), false)) {
            frames = settling;
        }
        const bool changed = viewer.poll(frames > 0 ? seconds_a_frame : seconds_a_look);
        frames = changed || unsettled ? std::max(frames, 1) : frames;
        unsettled = changed;
        if (frames > 0) {
            --frames;
            draw_frame(window, viewer);
            glfwSwapBuffers(window);
        }
    }
}

/// GLFW while it lives, with the reason of its last error.
class Library {
  public:
    Library() {
        glfwSetErrorCallback([](int, const char* text) { reason() = text; });
        started_ = glfwInit() != 0;
    }
    ~Library() {
        if (started_) {
            glfwTerminate();
        }
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
    bool started() const { return started_; }
    static std::string& reason() {
        static std::string text;
        return text;
    }

  private:
    bool started_ = false;
};

GLFWwindow* open_window(const Settings& settings) {
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 0);
    glfwWindowHint(GLFW_VISIBLE, settings.picture.empty() ? GLFW_TRUE : GLFW_FALSE);
    return glfwCreateWindow(settings.width, settings.height, "hfc viewer", nullptr, nullptr);
}

}  // namespace

bool pressed(int key) {
    return pressed_keys().contains(key);
}

bool write_picture(const fs::path& path, int left, int top, int width, int height) {
    std::array<GLint, 4> whole = {};
    glGetIntegerv(GL_VIEWPORT, whole.data());
    left = std::clamp(left, 0, whole[2] - 1);
    top = std::clamp(top, 0, whole[3] - 1);
    width = std::clamp(width, 1, whole[2] - left);
    height = std::clamp(height, 1, whole[3] - top);
    const int stride = width * 3;
    std::vector<unsigned char> pixels(static_cast<size_t>(stride) * static_cast<size_t>(height));
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glReadPixels(left, whole[3] - top - height, width, height, GL_RGB, GL_UNSIGNED_BYTE,
                 pixels.data());
    for (int row = 0; row < height / 2; ++row) {  // OpenGL's first row is the lowest
        std::swap_ranges(pixels.begin() + static_cast<ptrdiff_t>(row) * stride,
                         pixels.begin() + static_cast<ptrdiff_t>(row + 1) * stride,
                         pixels.begin() + static_cast<ptrdiff_t>(height - 1 - row) * stride);
    }
    if (path.extension() != ".ppm") {
        return stbi_write_png(path.c_str(), width, height, 3, pixels.data(), stride) != 0;
    }
    std::ofstream file(path, std::ios::binary);
    file << "P6\n" << width << ' ' << height << "\n255\n";
    file.write(reinterpret_cast<const char*>(pixels.data()),
               static_cast<std::streamsize>(pixels.size()));
    return static_cast<bool>(file.flush());
}

int show_window(const Settings& settings) {
    const Library library;
    GLFWwindow* const window = library.started() ? open_window(settings) : nullptr;
    if (window == nullptr) {
        std::fprintf(stderr, "hfc-viewer: no window: %s\n", Library::reason().c_str());
        return 3;
    }
    if (settings.detached && std::freopen("/dev/null", "w", stderr) == nullptr) {
        return 1;
    }
    glfwMakeContextCurrent(window);
    glfwSwapInterval(1);
    ImGui::CreateContext();
    ImGui::GetIO().IniFilename = nullptr;
    load_font();
    set_callbacks(window);
    ImGui_ImplGlfw_InitForOpenGL(window, true);
    ImGui_ImplOpenGL3_Init("#version 130");
    int status = 0;
    {
        Viewer viewer(settings);
        if (settings.measured > 0) {
            measure(window, viewer, settings.measured);
        } else if (settings.picture.empty()) {
            draw_until_closed(window, viewer);
        } else {
            status = export_picture(window, viewer, settings.picture);
        }
    }
    ImGui_ImplOpenGL3_Shutdown();
    ImGui_ImplGlfw_Shutdown();
    ImGui::DestroyContext();
    glfwDestroyWindow(window);
    return status;
}

}  // namespace hfc::viewer
