#include "base/error.h"
#include "base/random.h"
#include "data/source/boxed.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace hfc::data {
namespace {

/// Random numbers computed with integers only, so that they are the same on every machine.
class ShapeDraws {
  public:
    ShapeDraws(uint64_t seed, std::string_view purpose) : engine_(derive_seed(seed, purpose)) {}
    int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }
    int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }

  private:
    std::mt19937_64 engine_;
};

constexpr int64_t shape_classes = 4;

bool apart(const Rectangle& a, const Rectangle& b) {
    constexpr double gap = 4;
    return a[0] + a[2] + gap <= b[0] || b[0] + b[2] + gap <= a[0] || a[1] + a[3] + gap <= b[1] ||
           b[1] + b[3] + gap <= a[1];
}

/// One to three rectangles in each picture.
Annotations draw_annotations(const ShapesOptions& options, const std::string& part, int64_t count) {
    Annotations all;
    all.name = "boxes " + part;
    all.categories = {
        {1, "low_horizontal"}, {2, "low_vertical"}, {3, "high_horizontal"}, {4, "high_vertical"}};
    ShapeDraws draws(options.seed, "boxes " + part);
    const auto side = options.size;
    for (int64_t picture = 0; picture < count; ++picture) {
        all.pictures.push_back({picture + 1, fmt::format("{}", picture + 1), side, side});
        const auto first = all.objects.size();
        for (auto left = draws.between(1, 3); left > 0; --left) {
            const auto width = draws.between(side / 4, side / 2);
            const auto height = draws.between(side / 4, side / 2);
            BoxedObject object;
            object.id = std::ssize(all.objects) + 1;
            object.picture = picture;
            object.category = draws.below(shape_classes);
            object.box = {static_cast<double>(draws.below(side - width + 1)),
                          static_cast<double>(draws.below(side - height + 1)),
                          static_cast<double>(width), static_cast<double>(height)};
            object.area = object.box[2] * object.box[3];
            if (std::all_of(all.objects.begin() + static_cast<std::ptrdiff_t>(first),
                            all.objects.end(),
                            [&](const auto& other) { return apart(object.box, other.box); })) {
                all.objects.push_back(object);
            }
        }
    }
    return all;
}

class DrawnBoxes : public BoxSource {
  public:
    DrawnBoxes(const ShapesOptions& options, const std::string& part, int64_t count)
        : DrawnBoxes(options, draw_annotations(options, part, count), "boxes " + part, count) {}

    void read(const at::Tensor& samples, const Draw&, at::Tensor& into) const override {
        into.copy_(pixels_.index_select(0, samples));
    }

    void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const override {
        BoxSource::add_fingerprint(checksum, samples);
        add_images(checksum, samples);
    }

  private:
    DrawnBoxes(const ShapesOptions& options, Annotations annotations, const std::string& name,
               int64_t count)
        : BoxSource(name, std::move(annotations)),
          pixels_(at::empty({count, 3, options.size, options.size}, at::kByte)) {
        ShapeDraws noise(options.seed, name + " noise");
        auto* pixel = pixels_.mutable_data_ptr<uint8_t>();
        for (int64_t i = 0; i < pixels_.numel(); ++i) {
            pixel[i] = static_cast<uint8_t>(noise.between(120, 136));
        }
        for (const auto& object : this->annotations()->objects) {
            paint(object, options);
        }
    }

    /// Paints stripes that start with phase 0 at the edge of the box, which need not contain whole
    /// periods.
    void paint(const BoxedObject& object, const ShapesOptions& options) {
        const auto radius = object.category < 2 ? options.low_radius : options.high_radius;
        const bool horizontal = object.category % 2 == 0;
        const auto x0 = static_cast<int64_t>(object.box[0]);
        const auto y0 = static_cast<int64_t>(object.box[1]);
        auto pixels = pixels_.accessor<uint8_t, 4>();
        for (auto y = y0; y < y0 + static_cast<int64_t>(object.box[3]); ++y) {
            for (auto x = x0; x < x0 + static_cast<int64_t>(object.box[2]); ++x) {
                const auto along = static_cast<double>(horizontal ? y - y0 : x - x0) + 0.5;
                const auto wave = std::sin(2 * std::numbers::pi * radius * along /
                                           static_cast<double>(options.size));
                for (int64_t channel = 0; channel < 3; ++channel) {
                    auto& value = pixels[object.picture][channel][y][x];
                    value = static_cast<uint8_t>(
                        std::clamp(static_cast<double>(value) + 80 * wave, 0.0, 255.0));
                }
            }
        }
    }

    at::Tensor pixels_;
};

}  // namespace

Pair drawn_boxes(const ShapesOptions& options) {
    const auto within = [](const char* name, double value, double least, double most) {
        require(value >= least && value <= most,
                "'{}' of the data set 'boxes' must be {} to {}, got {}", name, least, most, value);
    };
    within("train", static_cast<double>(options.train), 1, 100'000);
    within("test", static_cast<double>(options.test), 1, 100'000);
    within("size", static_cast<double>(options.size), 48, 512);
    const auto highest = static_cast<double>(options.size) / 2;
    within("low_radius", options.low_radius, 1, highest);
    within("high_radius", options.high_radius, 1, highest);
    return {Dataset(std::make_shared<DrawnBoxes>(options, "train", options.train)),
            Dataset(std::make_shared<DrawnBoxes>(options, "test", options.test))};
}

}  // namespace hfc::data
