#include "detection/draw.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hfc::detection {
namespace {

/// The pixels on lines, as a mask [H, W].
class Mask {
  public:
    Mask(int64_t height, int64_t width, const Pen& pen)
        : mask_(at::zeros({height, width}, at::kBool)), pen_(pen) {}

    void add(const float* box) {
        const auto left = pixel(box[0], mask_.size(1)), top = pixel(box[1], mask_.size(0));
        const auto right = pixel(box[2] - 1, mask_.size(1));
        const auto bottom = pixel(box[3] - 1, mask_.size(0));
        line(top, left, right, true);
        line(std::max(top, bottom + 1 - pen_.width), left, right, true);
        line(left, top, bottom, false);
        line(std::max(left, right + 1 - pen_.width), top, bottom, false);
    }

    const at::Tensor& tensor() const { return mask_; }

  private:
    static int64_t pixel(float place, int64_t size) {
        const auto limit = static_cast<float>(size - 1);
        return static_cast<int64_t>(std::clamp(std::floor(place), 0.0F, limit));
    }

    void line(int64_t across, int64_t from, int64_t to, bool horizontal) {
        constexpr int64_t period = 6, gap = 3;
        auto pixels = mask_.accessor<bool, 2>();
        const auto end = std::min(across + pen_.width, mask_.size(horizontal ? 0 : 1));
        for (auto i = from; i <= to; ++i) {
            if (pen_.dashed && i % period >= gap) {
                continue;
            }
            for (auto j = across; j < end; ++j) {
                (horizontal ? pixels[j][i] : pixels[i][j]) = true;
            }
        }
    }

    at::Tensor mask_;
    const Pen& pen_;
};

}  // namespace

at::Tensor draw_boxes(const at::Tensor& image, const at::Tensor& boxes, const Pen& pen) {
    require(image.defined() && image.dim() == 3 && image.size(0) == 3 && image.size(1) > 0 &&
                image.size(2) > 0 && image.is_floating_point(),
            "the image must be a floating-point Tensor [3, H, W]");
    require(pen.width >= 1 && pen.width <= 1000, "the width must be 1 to 1000 pixels, got {}",
            pen.width);
    Mask mask(image.size(1), image.size(2), pen);
    const auto own = boxes.detach().cpu().to(at::kFloat).contiguous();
    require(own.isfinite().all().item<bool>(), "the coordinates of the boxes must be finite");
    for (int64_t i = 0; i < own.size(0); ++i) {
        mask.add(own.const_data_ptr<float>() + 4 * i);
    }
    const auto colour = at::tensor({pen.colour[0], pen.colour[1], pen.colour[2]}, at::kDouble)
                            .to(image.options())
                            .view({3, 1, 1});
    return at::where(mask.tensor().to(image.device()), colour, image.detach());
}

}  // namespace hfc::detection
