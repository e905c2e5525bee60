// The window of the microscope.
#pragma once

#include "viewer/microscope_link.h"
#include "viewer/microscope_shape.h"
#include "viewer/texture.h"
#include "viewer/window_loop.h"

#include <imgui.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hfc::viewer {

class MicroscopeView : public Content {
  public:
    /// Communicates with the host through these descriptors.
    MicroscopeView(int from_host, int to_host);

    bool poll(double seconds) override;
    bool more() const override { return save_in_ > 0; }
    void draw() override;
    void drawn() override;
    bool finished() const override { return link_.gone(); }

  private:
    void take(const microscope::Message& message);
    void take_pictures(const microscope::Message& message);
    void take_answers(const microscope::Message& message);
    void take_keys();
    void take_mouse(ImVec2 corner, float side);
    void ask();
    void choose_image(int64_t image);
    void draw_tools();
    void draw_pictures();
    void draw_spectrum(ImVec2 corner, float side);
    void draw_outline(ImVec2 corner, float side) const;
    void draw_confidences();
    void draw_confidences_of(size_t part, float width);
    void draw_labels_by_radius();
    std::string class_name(int64_t label) const;
    ImU32 color_of_label(int64_t label) const;
    void write_numbers(const std::filesystem::path& path) const;

    MicroscopeLink link_;
    std::string network_, dataset_, message_;
    std::vector<std::string> classes_;
    int64_t images_ = 0, image_ = 0, label_ = -1;
    int64_t asked_ = 0, shown_ = 0, answered_ = 0;  ///< numbers of requests
    /// Shapes of the requests that have not been answered yet.
    std::vector<MaskShape> asked_shapes_;
    std::vector<int64_t> asked_numbers_;
    MaskShape shape_;
    bool dragging_ = false;
    std::array<Texture, 5> textures_;  ///< spectrum, x, low, high, gradient
    std::vector<std::vector<double>> probabilities_;
    std::vector<int64_t> labels_;
    LabelsByRadius by_radius_;
    double milliseconds_ = 0, pictures_milliseconds_ = 0;  ///< times that the host needed
    int save_in_ = 0;                                      ///< frames until the picture is saved
};

}  // namespace hfc::viewer
