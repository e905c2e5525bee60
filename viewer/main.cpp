// hfc-viewer [--export FILE.ppm] [--light] [--since SECONDS] RUNS...: curves of run directories in a window.
#include "viewer/images.h"
#include "viewer/plot.h"
#include "viewer/run_data.h"

#include <backends/imgui_impl_glfw.h>
#include <backends/imgui_impl_opengl3.h>

#include <GL/gl.h>
#include <GLFW/glfw3.h>

#include <sys/stat.h>
#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <set>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;

struct Settings {
    std::vector<fs::path> runs;
    fs::path picture;   ///< --export: draw all there is, write it, end
    fs::path new_runs;  ///< --new-runs: show what appears in this folder
    long since = 0;     ///< --since: of the new runs, those not older (seconds since 1970)
    bool detached = false;
    bool show_images = false;  ///< --images
    bool dark = true;
    int width = 1280, height = 800;
};

constexpr const char* usage =
    "Usage: hfc-viewer [options] RUNS...\n"
    "Shows the curves of run directories, also while they grow.\n\n"
    "  --light             dark writing on white\n"
    "  --size WxH          of the window\n"
    "  --export FILE.ppm   write the window's picture and end\n"
    "  --images            begin with the images\n"
    "  --detached          let go of standard error as soon as the window is there\n"
    "  --new-runs FOLDER   also show the runs that appear in FOLDER\n"
    "  --since SECONDS     of those, none begun before (seconds since 1970)\n\n"
    "In the window: drag or wheel to zoom (Shift: horizontally), double click or R to show all, L logarithmic, T theme, Q to close.\n";

/// The command line; ends the process where it is wrong.
Settings parse(int count, char** arguments) {
    Settings settings;
    for (int i = 1; i < count; ++i) {
        const std::string word = arguments[i];
        const auto value = [&] {
            if (i + 1 >= count) {
                std::fprintf(stderr, "hfc-viewer: option %s needs a value\n", word.c_str());
                std::exit(2);
            }
            return std::string(arguments[++i]);
        };
        if (word == "--help") {
            std::fputs(usage, stdout);
            std::exit(0);
        } else if (word == "--light") {
            settings.dark = false;
        } else if (word == "--images") {
            settings.show_images = true;
        } else if (word == "--detached") {
            settings.detached = true;
        } else if (word == "--export") {
            settings.picture = value();
        } else if (word == "--new-runs") {
            settings.new_runs = value();
        } else if (word == "--since") {
            settings.since = std::strtol(value().c_str(), nullptr, 10);
        } else if (word == "--size") {
            if (std::sscanf(value().c_str(), "%dx%d", &settings.width, &settings.height) != 2 || settings.width < 200 ||
                settings.height < 200 || settings.width > 8192 || settings.height > 8192) {
                std::fprintf(stderr, "hfc-viewer: option --size: expected WIDTHxHEIGHT between 200x200 and 8192x8192\n");
                std::exit(2);
            }
        } else if (word.size() > 1 && word.starts_with("-")) {
            std::fprintf(stderr, "hfc-viewer: unknown option '%s'; see hfc-viewer --help\n", word.c_str());
            std::exit(2);
        } else {
            settings.runs.emplace_back(word);
        }
    }
    if (settings.runs.empty() && settings.new_runs.empty()) {
        std::fprintf(stderr, "hfc-viewer: no run directory given; see hfc-viewer --help\n");
        std::exit(2);
    }
    return settings;
}

/// Keys pressed since the last frame. ImGui asks what is down while it draws, and would miss a key that was let go before.
std::set<int>& pressed_keys() {
    static std::set<int> keys;
    return keys;
}

bool pressed(int key) {
    return pressed_keys().contains(key);
}

class Viewer {
  public:
    explicit Viewer(const Settings& settings) : settings_(settings), dark_(settings.dark) {
        for (const auto& run : settings.runs) {
            add(run);
        }
        apply_theme();
    }

    /// Reads what is new; true when there is something to draw.
    bool poll() {
        find_new_runs();
        bool changed = false;
        for (auto& run : runs_) {
            changed = run->poll() || changed;
        }
        for (auto& images : images_) {
            changed = images->poll() || changed;
        }
        return changed;
    }
    bool more() const {
        return std::any_of(runs_.begin(), runs_.end(), [](const auto& run) { return run->more(); });
    }
    void draw();
    /// From the second frame on the tab is the user's choice.
    void began() { settings_.show_images = false; }

  private:
    void add(const fs::path& directory) {
        if (known_.insert(fs::weakly_canonical(directory)).second) {
            runs_.push_back(std::make_unique<RunData>(directory));
            images_.push_back(std::make_unique<Images>(directory));
        }
    }
    void find_new_runs() {
        std::error_code error;
        for (auto entry = fs::directory_iterator(settings_.new_runs, error); !error && entry != fs::directory_iterator();
             entry.increment(error)) {
            struct stat status = {};
            if (::stat((entry->path() / "config.json").c_str(), &status) == 0 && status.st_mtime >= settings_.since) {
                add(entry->path());
            }
        }
    }
    void apply_theme() {
        dark_ ? ImGui::StyleColorsDark() : ImGui::StyleColorsLight();
        auto& style = ImGui::GetStyle();
        style.WindowRounding = 0;
        style.FrameRounding = 4;
        if (dark_) {
            style.Colors[ImGuiCol_WindowBg] = {0.09F, 0.10F, 0.12F, 1};
            theme_ = {IM_COL32(16, 17, 21, 255), IM_COL32(48, 51, 58, 255), IM_COL32(214, 217, 222, 255), IM_COL32(110, 115, 125, 255)};
        } else {
            style.Colors[ImGuiCol_WindowBg] = {0.96F, 0.96F, 0.97F, 1};
            theme_ = {IM_COL32(255, 255, 255, 255), IM_COL32(228, 229, 232, 255), IM_COL32(40, 42, 48, 255), IM_COL32(150, 153, 160, 255)};
        }
    }
    void draw_controls();
    void draw_legend();
    void draw_panels();
    void draw_images();
    std::string full_name(const RunData& run, const std::string& curve) const {
        return runs_.size() > 1 ? run.name() + " / " + curve : curve;
    }

    Settings settings_;
    bool dark_, logarithmic_ = false;
    int axis_ = 0;
    float smoothing_ = 0;
    Theme theme_ = {};
    std::vector<std::unique_ptr<RunData>> runs_;
    std::vector<std::unique_ptr<Images>> images_;  ///< of the runs, in their order
    std::set<fs::path> known_;
    std::set<std::string> hidden_;
    std::map<std::string, size_t> colors_;  ///< by full name: in the order of first sight
    std::map<std::string, PlotView> views_;
};

void Viewer::draw_controls() {
    const auto show_all = [this] {
        for (auto& [name, view] : views_) {
            view.fitted = true;
        }
    };
    ImGui::SetNextItemWidth(110);
    if (ImGui::Combo("x", &axis_, "epoch\0step\0wall-clock\0")) {
        show_all();
    }
    ImGui::SameLine(0, 20);
    ImGui::SetNextItemWidth(160);
    ImGui::SliderFloat("smoothing", &smoothing_, 0, 0.99F, "%.2f");
    ImGui::SameLine(0, 20);
    if (ImGui::Checkbox("logarithmic", &logarithmic_) || pressed(GLFW_KEY_L)) {
        logarithmic_ = pressed(GLFW_KEY_L) ? !logarithmic_ : logarithmic_;
        show_all();
    }
    ImGui::SameLine(0, 20);
    if (ImGui::Button("Show all") || pressed(GLFW_KEY_R)) {
        show_all();
    }
    ImGui::SameLine(0, 20);
    if (ImGui::Button(dark_ ? "Light" : "Dark") || pressed(GLFW_KEY_T)) {
        dark_ = !dark_;
        apply_theme();
    }
}

void Viewer::draw_legend() {
    for (const auto& run : runs_) {
        ImGui::TextUnformatted(run->name().c_str());
        ImGui::TextDisabled("%s", run->last().c_str());
        if (const auto note = run->note(); !note.empty()) {
            ImGui::TextWrapped("%s", note.c_str());
        }
        std::set<std::string> names;
        for (const auto& [panel, curves] : run->panels()) {
            for (const auto& [name, curve] : curves) {
                names.insert(name);
            }
        }
        for (const auto& name : names) {
            const auto full = full_name(*run, name);
            const auto color = color_of(colors_.emplace(full, colors_.size()).first->second, dark_);
            const bool hidden = hidden_.contains(full);
            const auto at = ImGui::GetCursorScreenPos();
            const float line = ImGui::GetTextLineHeight();
            ImGui::GetWindowDrawList()->AddRectFilled({at.x, at.y + 2}, {at.x + line - 2, at.y + line}, hidden ? theme_.grid : color, 3);
            ImGui::SetCursorScreenPos({at.x + line + 6, at.y});
            ImGui::PushStyleColor(ImGuiCol_Text, hidden ? theme_.faint : theme_.text);
            ImGui::PushID(full.c_str());
            if (ImGui::Selectable(name.c_str())) {
                hidden ? (void)hidden_.erase(full) : (void)hidden_.insert(full);
            }
            ImGui::PopID();
            ImGui::PopStyleColor();
        }
        ImGui::Separator();
    }
}

void Viewer::draw_panels() {
    std::map<std::string, std::vector<PlotCurve>> panels;
    for (const auto& run : runs_) {
        for (const auto& [panel, curves] : run->panels()) {
            auto& list = panels[panel];
            for (const auto& [name, curve] : curves) {
                const auto full = full_name(*run, name);
                if (hidden_.contains(full)) {
                    continue;
                }
                auto y = smoothing_ > 0 ? smooth(curve.y, static_cast<double>(smoothing_)) : curve.y;
                if (logarithmic_) {
                    std::transform(y.begin(), y.end(), y.begin(), [](double value) { return value > 0 ? std::log10(value) : NAN; });
                }
                list.push_back({full, &curve.along(static_cast<Axis>(axis_)), std::move(y), color_of(colors_[full], dark_)});
            }
        }
    }
    if (panels.empty()) {
        ImGui::TextDisabled("No curves yet.");
        return;
    }
    const auto space = ImGui::GetContentRegionAvail();
    const int columns = panels.size() == 1 ? 1 : space.x > 1500 ? 3 : 2;
    const int rows = (static_cast<int>(panels.size()) + columns - 1) / columns;
    const ImVec2 size = {space.x / static_cast<float>(columns) - 8, std::max(230.0F, space.y / static_cast<float>(rows) - 6)};
    int index = 0;
    for (const auto& [panel, curves] : panels) {
        if (index++ % columns != 0) {
            ImGui::SameLine();
        }
        const char* const names[] = {"epoch", "step", "seconds"};
        draw_plot(panel.c_str(), size, panel, names[axis_], logarithmic_, curves, theme_, views_[panel]);
    }
}

void Viewer::draw_images() {
    bool none = true;
    for (size_t i = 0; i < runs_.size(); ++i) {
        if (images_[i]->empty()) {
            continue;
        }
        none = false;
        if (runs_.size() > 1) {
            ImGui::TextDisabled("%s", runs_[i]->name().c_str());
        }
        ImGui::PushID(static_cast<int>(i));
        images_[i]->draw();
        ImGui::PopID();
    }
    if (none) {
        ImGui::TextDisabled("No images logged yet (run:image).");
    }
}

void Viewer::draw() {
    const auto& io = ImGui::GetIO();
    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize(io.DisplaySize);
    ImGui::Begin("hfc", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoBringToFrontOnFocus);
    draw_controls();
    ImGui::BeginChild("legend", {250, 0}, true);
    draw_legend();
    ImGui::EndChild();
    ImGui::SameLine();
    ImGui::BeginChild("panels");
    if (ImGui::BeginTabBar("what")) {
        if (ImGui::BeginTabItem("Curves")) {
            draw_panels();
            ImGui::EndTabItem();
        }
        if (ImGui::BeginTabItem("Images", nullptr, settings_.show_images ? ImGuiTabItemFlags_SetSelected : 0)) {
            draw_images();
            ImGui::EndTabItem();
        }
        ImGui::EndTabBar();
    }
    ImGui::EndChild();
    ImGui::End();
}

/// The window's pixels as a binary PPM, which every image program reads.
bool write_picture(const fs::path& path, int width, int height) {
    std::vector<unsigned char> pixels(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE, pixels.data());
    std::ofstream file(path, std::ios::binary);
    file << "P6\n" << width << ' ' << height << "\n255\n";
    for (int row = height - 1; row >= 0; --row) {
        file.write(reinterpret_cast<const char*>(pixels.data()) + static_cast<ptrdiff_t>(row) * width * 3,
                   static_cast<std::streamsize>(width) * 3);
    }
    return static_cast<bool>(file.flush());
}

void load_font() {
    const char* const font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
    if (fs::exists(font)) {
        ImGui::GetIO().Fonts->AddFontFromFileTTF(font, 15);
    }
}

int show(GLFWwindow* window, const Settings& settings) {
    Viewer viewer(settings);
    // After an event ImGui needs some frames to settle; then nothing is drawn until something happens.
    int frames = 3;
    while (glfwWindowShouldClose(window) == 0) {
        const double before = glfwGetTime();
        if (frames > 0) {
            glfwPollEvents();
        } else {
            glfwWaitEventsTimeout(0.5);
            frames = glfwGetTime() - before < 0.499 ? 3 : 0;
        }
        frames = viewer.poll() ? std::max(frames, 2) : frames;
        if (frames <= 0) {
            continue;
        }
        --frames;
        int width = 0, height = 0;
        glfwGetFramebufferSize(window, &width, &height);
        ImGui_ImplOpenGL3_NewFrame();
        ImGui_ImplGlfw_NewFrame();
        ImGui::NewFrame();
        viewer.draw();
        viewer.began();
        if (pressed(GLFW_KEY_Q)) {
            glfwSetWindowShouldClose(window, GLFW_TRUE);
        }
        pressed_keys().clear();
        ImGui::Render();
        glViewport(0, 0, width, height);
        glClear(GL_COLOR_BUFFER_BIT);
        ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
        if (!settings.picture.empty() && frames == 0 && !viewer.more()) {
            if (!write_picture(settings.picture, width, height)) {
                std::fprintf(stderr, "hfc-viewer: cannot write '%s'\n", settings.picture.c_str());
                return 1;
            }
            return 0;
        }
        glfwSwapBuffers(window);
    }
    return 0;
}

int run(const Settings& settings) {
    static std::string reason;
    glfwSetErrorCallback([](int, const char* text) { reason = text; });
    if (glfwInit() == 0) {
        std::fprintf(stderr, "hfc-viewer: no window: %s\n", reason.c_str());
        return 3;
    }
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 0);
    glfwWindowHint(GLFW_VISIBLE, settings.picture.empty() ? GLFW_TRUE : GLFW_FALSE);
    GLFWwindow* const window = glfwCreateWindow(settings.width, settings.height, "hfc viewer", nullptr, nullptr);
    if (window == nullptr) {
        std::fprintf(stderr, "hfc-viewer: no window: %s\n", reason.c_str());
        glfwTerminate();
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
    glfwSetKeyCallback(window, [](GLFWwindow*, int key, int, int action, int) {
        if (action == GLFW_PRESS) {
            pressed_keys().insert(key);
        }
    });
    ImGui_ImplGlfw_InitForOpenGL(window, true);  // calls what was set before, too
    ImGui_ImplOpenGL3_Init("#version 130");
    const int status = show(window, settings);
    ImGui_ImplOpenGL3_Shutdown();
    ImGui_ImplGlfw_Shutdown();
    ImGui::DestroyContext();
    glfwDestroyWindow(window);
    glfwTerminate();
    return status;
}

}  // namespace
}  // namespace hfc::viewer

int main(int count, char** arguments) {
    try {
        return hfc::viewer::run(hfc::viewer::parse(count, arguments));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hfc-viewer: %s\n", error.what());
        return 1;
    }
}
