#include "viewer/window.h"

#include "viewer/window_loop.h"

#include <backends/imgui_impl_glfw.h>
#include <backends/imgui_impl_opengl3.h>
#include <imgui.h>

#include <GL/gl.h>
#include <GLFW/glfw3.h>
#include <stb/stb_image_write.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;

void load_font() {
    const char* const font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
    if (fs::exists(font)) {
        ImGui::GetIO().Fonts->AddFontFromFileTTF(font, 15);
    }
}

/// Keeps GLFW initialised during its lifetime, and stores the reason for GLFW's last error.
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

GLFWwindow* open_window(const WindowOptions& options) {
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 0);
    glfwWindowHint(GLFW_VISIBLE, options.visible ? GLFW_TRUE : GLFW_FALSE);
    return glfwCreateWindow(options.width, options.height, options.title, nullptr, nullptr);
}

}  // namespace

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

int in_window(const WindowOptions& options, const std::function<int(GLFWwindow*)>& use) {
    const Library library;
    GLFWwindow* const window = library.started() ? open_window(options) : nullptr;
    if (window == nullptr) {
        std::fprintf(stderr, "hfc-viewer: cannot open a window: %s\n", Library::reason().c_str());
        return 3;
    }
    glfwMakeContextCurrent(window);
    glfwSwapInterval(1);
    ImGui::CreateContext();
    ImGui::GetIO().IniFilename = nullptr;
    load_font();
    watch_input(window);
    ImGui_ImplGlfw_InitForOpenGL(window, true);
    ImGui_ImplOpenGL3_Init("#version 130");
    const int status = use(window);
    ImGui_ImplOpenGL3_Shutdown();
    ImGui_ImplGlfw_Shutdown();
    ImGui::DestroyContext();
    glfwDestroyWindow(window);
    return status;
}

}  // namespace hfc::viewer
