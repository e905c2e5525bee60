// The shape that the user draws with the mouse in the microscope's spectrum: a radius, a ring, a
// wedge or a painted mask. This code does not need a window.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::viewer {

/// In the same order as microscope::Shape::Kind, which is used in requests.
enum class Tool { disc, ring, wedge, paint };
inline constexpr std::array<const char*, 4> tool_names = {"radius", "ring", "wedge", "paint"};

/// A position in the spectrum: its distance from the zero frequency, in frequency bins.
struct Place {
    double across = 0, down = 0;
};

struct MaskShape {
    Tool tool = Tool::disc;
    double inner = 0, outer = 4;  ///< multiples of half a bin
    double from = -20, to = 20;   ///< in degrees, from the horizontal axis downwards
    int height = 0, width = 0;
    std::vector<uint8_t> painted;  ///< [height, width]

    bool operator==(const MaskShape&) const = default;
};

/// Sets the size of the images, and clears the painted mask if the size changes.
void set_size(MaskShape& shape, int height, int width);

/// The mouse button was pressed: a ring or a wedge starts here.
void begin_drag(MaskShape& shape, Place at);
/// The mouse was dragged to this place. erase: whether the paint tool removes frequencies instead
/// of adding them. A frequency and its opposite are always painted together.
void drag_to(MaskShape& shape, Place at, bool erase);

/// The network's predictions for the low-frequency part, for each radius tried so far.
class LabelsByRadius {
  public:
    void add(double radius, int64_t label) { labels_[radius] = label; }
    void clear() { labels_.clear(); }
    const std::map<double, int64_t>& all() const { return labels_; }
    /// The smallest radius whose label differs from the label of the next smaller radius tried, and
    /// both labels.
    struct Change {
        double radius;
        int64_t before, after;
    };
    std::optional<Change> first_change() const;

  private:
    std::map<double, int64_t> labels_;
};

}  // namespace hfc::viewer
