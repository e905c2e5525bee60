#include "viewer/microscope_view.h"

#include "plot/palette.h"
#include "viewer/colors.h"
#include "viewer/export.h"
#include "viewer/window.h"

#include <GLFW/glfw3.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <utility>

namespace hfc::viewer {
namespace {

using microscope::Message;
using microscope::MessageJson;

int64_t integer_at(const MessageJson& head, const char* key, int64_t usual = -1) {
    const auto found = head.find(key);
    return found != head.end() && found->is_number_integer() ? found->get<int64_t>() : usual;
}

std::string text_at(const MessageJson& head, const char* key) {
    const auto found = head.find(key);
    return found != head.end() && found->is_string() ? found->get<std::string>() : "";
}

/// The spectrum in colours where the mask keeps it, in grey elsewhere.
std::vector<uint8_t> coloured(const uint8_t* spectrum, const uint8_t* mask, size_t count) {
    std::vector<uint8_t> rgb;
    rgb.reserve(3 * count);
    for (size_t i = 0; i < count; ++i) {
        constexpr uint32_t grey_of = 0x010101;
        const uint32_t colour = mask[i] != 0 ? plot::sequential_colour(spectrum[i] / 255.0)
                                             : grey_of * (spectrum[i] / 3U);
        for (const unsigned shift : {16U, 8U, 0U}) {
            rgb.push_back(static_cast<uint8_t>(colour >> shift));
        }
    }
    return rgb;
}

}  // namespace

MicroscopeView::MicroscopeView(int from_host, int to_host)
    : link_(from_host, to_host, [] { glfwPostEmptyEvent(); }) {
    ImGui::StyleColorsDark();
}

bool MicroscopeView::poll(double) {
    const auto news = link_.news();
    for (const auto& message : news) {
        take(message);
    }
    return !news.empty() || save_in_ > 0;
}

void MicroscopeView::take(const Message& message) {
    const auto stage = text_at(message.head, "stage");
    if (stage == "hello") {
        network_ = text_at(message.head, "network");
        dataset_ = text_at(message.head, "dataset");
        images_ = integer_at(message.head, "images", 0);
        if (const auto names = message.head.find("classes");
            names != message.head.end() && names->is_array()) {
            for (const auto& name : *names) {
                classes_.push_back(name.is_string() ? name.get<std::string>() : "");
            }
        }
        ask();
    } else if (stage == "pictures") {
        take_pictures(message);
    } else if (stage == "answers") {
        take_answers(message);
    } else if (stage == "error") {
        message_ = text_at(message.head, "error");
    }
}

void MicroscopeView::take_pictures(const Message& message) {
    const auto height = integer_at(message.head, "height", 0);
    const auto width = integer_at(message.head, "width", 0);
    const bool fits = height > 0 && width > 0 && height <= 8192 && width <= 8192;
    const auto count = static_cast<size_t>(fits ? height * width : 0);
    constexpr size_t planes = 11;  // three in colour, two in grey
    if (!fits || message.bytes.size() != planes * count) {
        message_ = "hfc-host sent images of the wrong size";
        return;
    }
    shown_ = integer_at(message.head, "id", 0);
    label_ = integer_at(message.head, "label");
    pictures_milliseconds_ = message.head.value("milliseconds", 0.0);
    const auto* const bytes = message.bytes.data();
    const int w = static_cast<int>(width), h = static_cast<int>(height);
    for (size_t part = 0; part < 3; ++part) {
        const auto* const begin = bytes + 3 * part * count;
        textures_[1 + part].set(w, h, {begin, begin + 3 * count});
    }
    textures_[0].set(w, h, coloured(bytes + 9 * count, bytes + 10 * count, count));
    if (shape_.height != h || shape_.width != w) {
        set_size(shape_, h, w);
        ask();  // again, with a painted mask of the right size
    }
}

void MicroscopeView::take_answers(const Message& message) {
    answered_ = integer_at(message.head, "id", 0);
    const auto& head = message.head;
    if (!head.contains("probabilities") || !head.contains("labels")) {
        return;
    }
    probabilities_ = head["probabilities"].get<std::vector<std::vector<double>>>();
    labels_ = head["labels"].get<std::vector<int64_t>>();
    milliseconds_ = head.value("milliseconds", 0.0);
    if (labels_.size() != 3 || probabilities_.size() != 3) {
        labels_.clear();
        return;
    }
    const auto found = std::find(asked_numbers_.begin(), asked_numbers_.end(), answered_);
    if (found != asked_numbers_.end()) {
        const auto place = found - asked_numbers_.begin();
        const auto& shape = asked_shapes_[static_cast<size_t>(place)];
        if (shape.tool == Tool::disc) {
            by_radius_.add(shape.outer, labels_[1]);
        }
        asked_shapes_.erase(asked_shapes_.begin(), asked_shapes_.begin() + place + 1);
        asked_numbers_.erase(asked_numbers_.begin(), found + 1);
    }
    const size_t count = message.bytes.size();
    if (count == static_cast<size_t>(shape_.height) * static_cast<size_t>(shape_.width)) {
        std::vector<uint8_t> rgb;
        rgb.reserve(3 * count);
        for (const auto value : message.bytes) {
            rgb.insert(rgb.end(), 3, value);
        }
        textures_[4].set(shape_.width, shape_.height, rgb);
    }
}

void MicroscopeView::ask() {
    Message request;
    request.head = {{"id", ++asked_},
                    {"image", image_},
                    {"inner", shape_.inner},
                    {"outer", shape_.outer},
                    {"from", shape_.from},
                    {"to", shape_.to},
                    {"kind", static_cast<int>(shape_.tool)}};
    const bool painted = shape_.tool == Tool::paint && !shape_.painted.empty();
    if (shape_.tool == Tool::paint && !painted) {
        request.head["kind"] = static_cast<int>(Tool::disc);
    }
    request.bytes = painted ? shape_.painted : std::vector<uint8_t>();
    asked_shapes_.push_back(shape_);
    asked_numbers_.push_back(asked_);
    link_.ask(std::move(request));
}

void MicroscopeView::choose_image(int64_t image) {
    const auto wanted = std::clamp<int64_t>(image, 0, std::max<int64_t>(images_ - 1, 0));
    if (wanted != image_) {
        image_ = wanted;
        by_radius_.clear();
        asked_shapes_.clear();
        asked_numbers_.clear();
        ask();
    }
}

void MicroscopeView::take_keys() {
    const auto before = shape_;
    constexpr std::array<int, 4> keys = {GLFW_KEY_D, GLFW_KEY_G, GLFW_KEY_W, GLFW_KEY_P};
    for (size_t tool = 0; tool < keys.size(); ++tool) {
        shape_.tool = shortcut(keys[tool]) ? static_cast<Tool>(tool) : shape_.tool;
    }
    constexpr double step = 0.5;
    if (shortcut(GLFW_KEY_UP)) {
        shape_.outer += step;
    }
    if (shortcut(GLFW_KEY_DOWN)) {
        shape_.outer = std::max(0.0, shape_.outer - step);
    }
    if (shortcut(GLFW_KEY_C)) {
        std::fill(shape_.painted.begin(), shape_.painted.end(), uint8_t{0});
    }
    if (!(shape_ == before)) {
        ask();
    }
    const int by = (shortcut(GLFW_KEY_RIGHT) ? 1 : 0) - (shortcut(GLFW_KEY_LEFT) ? 1 : 0);
    choose_image(image_ + by);
    if (shortcut(GLFW_KEY_S)) {
        save_in_ = 2;
    }
}

void MicroscopeView::take_mouse(ImVec2 corner, float side) {
    const bool left = ImGui::IsMouseDown(0), right = ImGui::IsMouseDown(1);
    const bool begins =
        ImGui::IsItemHovered() && (ImGui::IsMouseClicked(0) || ImGui::IsMouseClicked(1));
    if (shape_.height == 0 || (!begins && !dragging_)) {
        return;
    }
    dragging_ = left || right;
    const auto mouse = ImGui::GetIO().MousePos;
    const double column = (mouse.x - corner.x) / side * static_cast<float>(shape_.width);
    const double row = (mouse.y - corner.y) / side * static_cast<float>(shape_.height);
    // The middle of the pixel (H/2, W/2) is the zero frequency.
    const Place at = {column - 0.5 - shape_.width / 2, row - 0.5 - shape_.height / 2};
    const auto before = shape_;
    if (begins) {
        begin_drag(shape_, at);
    }
    if (dragging_) {
        drag_to(shape_, at, right);
    }
    if (!(shape_ == before)) {
        ask();
    }
}

void MicroscopeView::write_numbers(const std::filesystem::path& path) const {
    MessageJson json = {{"network", network_},
                        {"dataset", dataset_},
                        {"image", image_},
                        {"label", label_},
                        {"tool", tool_names[static_cast<size_t>(shape_.tool)]},
                        {"inner", shape_.inner},
                        {"outer", shape_.outer},
                        {"from", shape_.from},
                        {"to", shape_.to},
                        {"labels", labels_},
                        {"probabilities", probabilities_},
                        {"classes", classes_},
                        {"milliseconds", milliseconds_},
                        {"pictures_milliseconds", pictures_milliseconds_}};
    json["by_radius"] = MessageJson::array();
    for (const auto& [radius, label] : by_radius_.all()) {
        json["by_radius"].push_back({radius, label});
    }
    if (const auto change = by_radius_.first_change()) {
        json["first_change"] = change->radius;
    }
    std::ofstream(path) << json.dump(1, ' ', false, MessageJson::error_handler_t::replace) << '\n';
}

void MicroscopeView::drawn() {
    if (save_in_ == 0 || --save_in_ > 0) {
        return;
    }
    std::error_code unreadable;
    const auto folder = std::filesystem::current_path(unreadable);
    const auto picture = unused_name(folder, "microscope", "png");
    const auto size = ImGui::GetIO().DisplaySize;
    const bool written =
        write_picture(picture, 0, 0, static_cast<int>(size.x), static_cast<int>(size.y));
    auto numbers = picture;
    write_numbers(numbers.replace_extension("json"));
    message_ = (written ? "saved " : "cannot write ") + picture.filename().string();
}

std::string MicroscopeView::class_name(int64_t label) const {
    const auto place = static_cast<size_t>(label);
    return label >= 0 && place < classes_.size() ? classes_[place] : std::to_string(label);
}

ImU32 MicroscopeView::color_of_label(int64_t label) const {
    return color_of(static_cast<size_t>(std::max<int64_t>(label, 0)), true);
}

}  // namespace hfc::viewer
