#include "viewer/images.h"

#include <imgui.h>
#include <stb/stb_image.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace hfc::viewer {

namespace fs = std::filesystem;

bool Images::find_figures() {
    bool changed = false;
    std::error_code error;
    for (auto entry = fs::directory_iterator(directory_, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
        std::error_code unreadable;
        const auto written = fs::last_write_time(entry->path(), unreadable);
        if (entry->path().extension() == ".png" && !unreadable) {
            auto& figure = figures_[entry->path().stem().string()];
            changed = changed || figure.written != written;
            figure.file = entry->path();
            figure.written = written;
        }
    }
    return changed;
}

bool Images::poll() {
    bool changed = find_figures();
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder_, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const auto& path = entry->path();
        const auto stem = path.stem().string();
        const auto dash = stem.rfind('-');
        const int number = dash == std::string::npos ? 0 : std::atoi(stem.c_str() + dash + 1);
        if (path.extension() == ".png" && number > 0) {
            changed = files_[stem.substr(0, dash)].emplace(number, path).second || changed;
        }
    }
    return changed;
}

void Images::load(const fs::path& file, Shown& shown) {
    int channels = 0;
    auto* const pixels = stbi_load(file.c_str(), &shown.width, &shown.height, &channels, 4);
    if (pixels == nullptr) {
        shown.loaded = -1;
        return;
    }
    if (shown.texture == 0) {
        glGenTextures(1, &shown.texture);
    }
    glBindTexture(GL_TEXTURE_2D, shown.texture);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);  // a pixel of a small image is to be seen
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, shown.width, shown.height, 0, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
    stbi_image_free(pixels);
}

/// Made smaller to fit, or larger by a whole factor, so that pixels stay square.
void Images::draw_texture(const Shown& shown) {
    const float fitting = std::min(ImGui::GetContentRegionAvail().x, 900.0F) / static_cast<float>(shown.width);
    const float factor = fitting < 1 ? fitting : std::floor(fitting);
    const ImVec2 size = {factor * static_cast<float>(shown.width), factor * static_cast<float>(shown.height)};
    ImGui::Image(reinterpret_cast<ImTextureID>(static_cast<intptr_t>(shown.texture)), size);  // NOLINT(performance-no-int-to-ptr)
}

void Images::draw() {
    for (auto& [name, figure] : figures_) {
        auto& shown = drawn_figures_[name];
        if (figure.loaded != figure.written) {
            figure.loaded = figure.written;
            shown.loaded = 1;
            load(figure.file, shown);
        }
        ImGui::TextUnformatted(name.c_str());
        if (shown.loaded == 1) {
            draw_texture(shown);
        } else {
            ImGui::TextDisabled("%s cannot be read", figure.file.c_str());
        }
    }
    for (const auto& [name, files] : files_) {
        if (files.size() == 1 && figures_.contains(name)) {
            continue;  // shown above, with its captions
        }
        auto& shown = shown_[name];
        const int newest = files.rbegin()->first;
        int number = shown.number == 0 ? newest : shown.number;
        ImGui::TextUnformatted(name.c_str());
        if (files.size() > 1) {
            ImGui::SetNextItemWidth(300);
            if (ImGui::SliderInt(("##" + name).c_str(), &number, files.begin()->first, newest)) {
                shown.number = number == newest ? 0 : number;
            }
        }
        const auto found = files.lower_bound(number);
        if (found == files.end()) {
            continue;
        }
        if (shown.loaded != found->first && shown.loaded != -1) {
            shown.loaded = found->first;
            load(found->second, shown);
        }
        if (shown.loaded == -1) {
            ImGui::TextDisabled("%s cannot be read", found->second.c_str());
            shown.loaded = 0;
            continue;
        }
        draw_texture(shown);
    }
}

}  // namespace hfc::viewer
