// What the mouse makes in the spectrum of the microscope: a radius, a ring, a wedge or a painted
// mask. Without a window.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::viewer {

/// In the order of microscope::Shape::Kind, by which a request names them.
enum class Tool { disc, ring, wedge, paint };
inline constexpr std::array<const char*, 4> tool_names = {"radius", "ring", "wedge", "paint"};

/// In frequency bins, from the zero frequency.
struct Place {
    double across = 0, down = 0;
};

struct MaskShape {
    Tool tool = Tool::disc;
    double inner = 0, outer = 4;  ///< in halves of a bin
    double from = -20, to = 20;   ///< degrees, from the horizontal axis downwards
    int height = 0, width = 0;
    std::vector<uint8_t> painted;  ///< [height, width]

    bool operator==(const MaskShape&) const = default;
};

/// The size of the images; empties the painted mask if it changes.
void set_size(MaskShape& shape, int height, int width);

/// The button goes down: a ring and a wedge begin here.
void begin_drag(MaskShape& shape, Place at);
/// The mouse is here with the button down. erase: of painting, take frequencies away. A painted
/// frequency and its opposite go together.
void drag_to(MaskShape& shape, Place at, bool erase);

/// What the network took the low part for, by radius, as far as radii were tried.
class LabelsByRadius {
  public:
    void add(double radius, int64_t label) { labels_[radius] = label; }
    void clear() { labels_.clear(); }
    const std::map<double, int64_t>& all() const { return labels_; }
    /// The least radius whose label is not that of the next smaller radius tried, and both labels.
    struct Change {
        double radius;
        int64_t before, after;
    };
    std::optional<Change> first_change() const;

  private:
    std::map<double, int64_t> labels_;
};

}  // namespace hfc::viewer
