#include "viewer/images.h"

#include <imgui.h>
#include <stb/stb_image.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <utility>

namespace hfc::viewer {

namespace fs = std::filesystem;

namespace {

/// The number N in a file's stem NAME-N, from 1 to the largest number for a slider; 0 if there is
/// none.
int number_of(const std::string& stem, size_t dash) {
    constexpr int most = 1'000'000'000;
    int number = 0;
    const bool read =
        dash != std::string::npos &&
        std::from_chars(stem.data() + dash + 1, stem.data() + stem.size(), number).ec ==
            std::errc();
    return read && number >= 1 && number <= most ? number : 0;
}

}  // namespace

bool Images::poll() {
    std::map<std::string, run::File> figures;
    for (auto& file : run::files_of(directory_, ".png")) {
        figures[file.path.stem().string()] = std::move(file);
    }
    std::map<std::string, std::map<int, run::File>> files;
    for (auto& file : run::files_of(folder_, ".png")) {
        const auto stem = file.path.stem().string();
        const auto dash = stem.rfind('-');
        if (const int number = number_of(stem, dash); number > 0) {
            files[stem.substr(0, dash)][number] = std::move(file);
        }
    }
    const bool changed = figures != figures_ || files != files_;
    figures_ = std::move(figures);
    files_ = std::move(files);
    return changed;
}

namespace {

/// Reads the width and height of a PNG file. Returns false if no texture can hold the picture.
bool has_size(const fs::path& file, int& width, int& height) {
    constexpr int64_t most_pixels = int64_t{1} << 26;
    std::array<char, 8> signature = {};
    std::ifstream(file, std::ios::binary).read(signature.data(), signature.size());
    int channels = 0;
    GLint widest = 0;
    glGetIntegerv(GL_MAX_TEXTURE_SIZE, &widest);
    return std::memcmp(signature.data(), "\x89PNG\r\n\x1a\n", signature.size()) == 0 &&
           stbi_info(file.c_str(), &width, &height, &channels) != 0 && width > 0 && height > 0 &&
           std::max(width, height) <= widest && int64_t{width} * height <= most_pixels;
}

}  // namespace

void Images::look_at(const run::File& file, int number, Shown& shown) {
    if (shown.measured != number || shown.written != file.written) {
        shown.written = file.written;
        shown.in_texture = false;
        shown.measured = has_size(file.path, shown.width, shown.height) ? number : 0;
    }
}

bool Images::bring(const run::File& file, ImVec2 size, Shown& shown) {
    if (!ImGui::IsRectVisible(size)) {
        if (shown.texture != 0) {
            glDeleteTextures(1, &shown.texture);
            shown.texture = 0;
            shown.in_texture = false;
        }
        ImGui::Dummy(size);
        return false;
    }
    if (shown.in_texture) {
        return true;
    }
    int channels = 0;
    auto* const pixels = stbi_load(file.path.c_str(), &shown.width, &shown.height, &channels, 4);
    if (pixels == nullptr) {
        ImGui::TextDisabled("cannot read %s", file.path.c_str());
        ImGui::Dummy(size);
        return false;
    }
    if (shown.texture == 0) {
        glGenTextures(1, &shown.texture);
    }
    glBindTexture(GL_TEXTURE_2D, shown.texture);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER,
                    GL_NEAREST);  // so that the pixels of small images are visible
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, shown.width, shown.height, 0, GL_RGBA, GL_UNSIGNED_BYTE,
                 pixels);
    stbi_image_free(pixels);
    shown.in_texture = true;
    return true;
}

/// Draws the picture smaller to fit, or larger by an integer factor so that its pixels stay square.
void Images::draw_texture(const run::File& file, Shown& shown) {
    const float fitting =
        std::min(ImGui::GetContentRegionAvail().x, 900.0F) / static_cast<float>(shown.width);
    const float factor = fitting < 1 ? fitting : std::floor(fitting);
    const ImVec2 size = {factor * static_cast<float>(shown.width),
                         factor * static_cast<float>(shown.height)};
    if (bring(file, size, shown)) {
        ImGui::Image(reinterpret_cast<ImTextureID>(static_cast<intptr_t>(shown.texture)),
                     size);  // NOLINT(performance-no-int-to-ptr)
    }
}

namespace {

/// The size that is large enough for each of the texts. wrap: the width at which lines are broken;
/// -1 means only at their newlines.
ImVec2 extent_of(const std::vector<std::string>& texts, float wrap) {
    ImVec2 most = {0, 0};
    for (const auto& text : texts) {
        const auto size = ImGui::CalcTextSize(text.c_str(), nullptr, false, wrap);
        most = {std::max(most.x, size.x), std::max(most.y, size.y)};
    }
    return most;
}

void write(const std::string& text, ImVec2 at, float wrap) {
    ImGui::GetWindowDrawList()->AddText(ImGui::GetFont(), ImGui::GetFontSize(), at,
                                        ImGui::GetColorU32(ImGuiCol_Text), text.c_str(), nullptr,
                                        wrap);
}

/// The positions of the cells of a picture, and their texts.
struct Cells {
    static constexpr float gap = 10, usual = 112;  // usual: width of small cells
    const Picture& picture;
    int columns, rows;
    ImVec2 corner, cell, pitch;
    float heading, caption;  ///< widths

    Cells(const Picture& of, float width, float height)
        : picture(of),
          columns(static_cast<int>(of.columns)),
          rows(static_cast<int>(of.rows)),
          corner(ImGui::GetCursorScreenPos()) {
        heading = of.headings.empty() ? 0 : std::min(extent_of(of.headings, -1).x, 200.0F) + gap;
        const float space = std::max(
            20.0F,
            (ImGui::GetContentRegionAvail().x - heading) / static_cast<float>(columns) - gap);
        const float wide = width / static_cast<float>(columns);
        const float fitting = std::min(space, std::clamp(wide, usual, 400.0F)) / wide;
        const float factor = fitting < 1 ? fitting : std::floor(fitting);
        cell = {factor * wide, factor * height / static_cast<float>(rows)};
        caption = std::min(space, std::max(cell.x, extent_of(of.captions, -1).x + 2));
        pitch = {caption + gap, cell.y + extent_of(of.captions, caption).y + gap};
    }
    ImVec2 at(int row, int column) const {
        return {corner.x + heading + static_cast<float>(column) * pitch.x + (caption - cell.x) / 2,
                corner.y + static_cast<float>(row) * pitch.y};
    }
    void draw(ImTextureID texture, int row, int column) const {
        const auto place = at(row, column);
        const ImVec2 part = {1 / static_cast<float>(columns), 1 / static_cast<float>(rows)};
        const ImVec2 from = {static_cast<float>(column) * part.x, static_cast<float>(row) * part.y};
        ImGui::GetWindowDrawList()->AddImage(texture, place, {place.x + cell.x, place.y + cell.y},
                                             from, {from.x + part.x, from.y + part.y});
        if (const auto number = static_cast<size_t>(row * columns + column);
            number < picture.captions.size()) {
            const auto& text = picture.captions[number];
            const float width = ImGui::CalcTextSize(text.c_str(), nullptr, false, caption).x;
            write(text, {place.x + (cell.x - width) / 2, place.y + cell.y + 2}, caption + 1);
        }
    }
    void draw_heading(int row) const {
        if (const auto number = static_cast<size_t>(row); number < picture.headings.size()) {
            write(picture.headings[number],
                  {corner.x, at(row, 0).y + (cell.y - ImGui::GetFontSize()) / 2},
                  heading - gap + 1);
        }
    }
};

}  // namespace

bool Images::draw_cells(const run::File& file, Shown& shown, const Picture& picture) {
    if (picture.columns == 0 || picture.rows == 0 ||
        static_cast<size_t>(shown.width) % picture.columns != 0 ||
        static_cast<size_t>(shown.height) % picture.rows != 0) {
        return false;
    }
    const Cells cells(picture, static_cast<float>(shown.width), static_cast<float>(shown.height));
    const ImVec2 size = {cells.heading + static_cast<float>(cells.columns) * cells.pitch.x,
                         static_cast<float>(cells.rows) * cells.pitch.y};
    if (!bring(file, size, shown)) {
        return true;
    }
    const auto texture = reinterpret_cast<ImTextureID>(
        static_cast<intptr_t>(shown.texture));  // NOLINT(performance-no-int-to-ptr)
    for (int row = 0; row < cells.rows; ++row) {
        cells.draw_heading(row);
        for (int column = 0; column < cells.columns; ++column) {
            cells.draw(texture, row, column);
        }
    }
    ImGui::Dummy(size);
    return true;
}

const Picture* Images::told_of(const fs::path& file,
                               const std::map<std::string, Picture>& pictures) {
    const auto found = pictures.find("images/" + file.filename().string());
    return found == pictures.end() ? nullptr : &found->second;
}

void Images::draw_figures(const std::map<std::string, Picture>& pictures) {
    for (auto& [name, figure] : figures_) {
        const auto images = files_.find(name);
        if (images != files_.end() &&
            told_of(images->second.rbegin()->second.path, pictures) != nullptr) {
            continue;
        }
        auto& shown = drawn_figures_[name];
        look_at(figure, 1, shown);
        ImGui::TextUnformatted(name.c_str());
        if (shown.measured == 1) {
            draw_texture(figure, shown);
        } else {
            ImGui::TextDisabled("cannot read %s", figure.path.c_str());
        }
    }
}

void Images::move(int by) {
    for (const auto& [name, files] : files_) {
        auto& number = shown_[name].number;
        const int first = files.begin()->first, newest = files.rbegin()->first;
        const int wanted = std::clamp((number == 0 ? newest : number) + by, first, newest);
        number = wanted == newest ? 0 : wanted;
    }
}

/// Chooses a picture. Draws a slider and arrows if there are several pictures.
const run::File* Images::choose(const std::string& name, const std::map<int, run::File>& files,
                                const std::map<std::string, Picture>& pictures) {
    auto& shown = shown_[name];
    const int first = files.begin()->first, newest = files.rbegin()->first;
    int number = std::clamp(shown.number == 0 ? newest : shown.number, first, newest);
    ImGui::TextUnformatted(name.c_str());
    if (files.size() > 1) {
        ImGui::PushID(name.c_str());
        ImGui::SetNextItemWidth(300);
        ImGui::SliderInt("##number", &number, first, newest);
        ImGui::SameLine();
        number -= ImGui::ArrowButton("before", ImGuiDir_Left) && number > first ? 1 : 0;
        ImGui::SameLine();
        number += ImGui::ArrowButton("after", ImGuiDir_Right) && number < newest ? 1 : 0;
        ImGui::PopID();
        shown.number = number >= newest ? 0 : number;
    }
    const auto found = files.lower_bound(number);
    if (found == files.end()) {
        return nullptr;
    }
    if (const auto* const told = told_of(found->second.path, pictures);
        told != nullptr && !told->where.empty()) {
        if (files.size() > 1) {
            ImGui::SameLine();
        }
        ImGui::TextUnformatted(told->where.c_str());
    }
    look_at(found->second, found->first, shown);
    return &found->second;
}

void Images::draw(const std::map<std::string, Picture>& pictures) {
    for (const auto& [name, files] : files_) {
        if (files.size() == 1 && figures_.contains(name) &&
            told_of(files.begin()->second.path, pictures) == nullptr) {
            continue;  // shown below
        }
        const auto* const file = choose(name, files, pictures);
        auto& shown = shown_[name];
        if (file == nullptr || shown.measured == 0) {
            ImGui::TextDisabled("cannot read %s",
                                file == nullptr ? name.c_str() : file->path.c_str());
            continue;
        }
        if (const auto* const told = told_of(file->path, pictures);
            told == nullptr || !draw_cells(*file, shown, *told)) {
            draw_texture(*file, shown);
        }
    }
    draw_figures(pictures);  // last, because figures are large
}

}  // namespace hfc::viewer
