// Snow, frost and fog.
#include "corrupt/filters.h"

#include <algorithm>
#include <array>

namespace hfc::corrupt {
namespace {

struct Snow {
    double mean, deviation, zoom, least;
    int64_t radius;
    double sigma, weight;
};

/// Falling flakes, as bytes.
Bytes snow_layer(const Task& task, const Snow& snow) {
    Doubles layer(1, task.image.height, task.image.width);
    layer.values = task.draws.normal(layer.pixels(), snow.mean, snow.deviation);
    layer = zoomed(layer, snow.zoom);
    const auto flakes = Bytes::made(layer, [&](double value) {
        const double kept = value < snow.least ? 0 : std::clamp(value, 0.0, 1.0);
        return static_cast<uint8_t>(kept * 255);
    });
    return motion(flakes, snow.radius, snow.sigma, task.draws.uniform(1, -135, -45)[0]);
}

struct Weights {
    double image;
    double frost;
};

struct Fog {
    double amount;
    double decay;
};

/// A map of clouds in [0,1] by the diamond-square algorithm, on a torus.
class Plasma {
  public:
    Plasma(int64_t size, double decay, Draws& draws) : map_(1, size, size), draws_(draws) {
        for (auto step = size; step >= 2; step /= 2) {
            fill_squares(step);
            fill_diamonds(step);
            wobble_ /= decay;
        }
        const auto [least, most] = std::ranges::minmax(map_.values);
        for (double& value : map_.values) {
            value = (value - least) / (most - least);
        }
    }

    const Doubles& map() const { return map_; }

  private:
    double here(int64_t y, int64_t x) const {
        const auto size = map_.height;
        return map_.at(0, (y + size) % size, (x + size) % size);
    }

    /// Sets the points (top + i step, left + j step) to sum(y, x) / 4, with sums of four points,
    /// plus noise.
    template <typename Sum>
    void fill(int64_t top, int64_t left, int64_t step, const Sum& sum) {
        const auto count = map_.height / step;
        const auto noise = draws_.uniform(count * count, -wobble_, wobble_);
        size_t next = 0;
        for (auto y = top; y < map_.height; y += step) {
            for (auto x = left; x < map_.width; x += step) {
                map_.at(0, y, x) = sum(y, x) / 4 + wobble_ * noise[next++];
            }
        }
    }

    void fill_squares(int64_t step) {
        const auto half = step / 2;
        fill(half, half, step, [&](int64_t y, int64_t x) {
            return (here(y - half, x - half) + here(y + half, x - half)) +
                   (here(y - half, x + half) + here(y + half, x + half));
        });
    }

    void fill_diamonds(int64_t step) {
        const auto half = step / 2;
        fill(0, half, step, [&](int64_t y, int64_t x) {
            return (here(y + half, x) + here(y - half, x)) +
                   (here(y, x - half) + here(y, x + half));
        });
        fill(half, 0, step, [&](int64_t y, int64_t x) {
            return (here(y, x + half) + here(y, x - half)) +
                   (here(y - half, x) + here(y + half, x));
        });
    }

    Doubles map_;
    Draws& draws_;
    double wobble_ = 100;
};

int64_t power_of_two(int64_t at_least) {
    int64_t size = 1;
    while (size < at_least) {
        size *= 2;
    }
    return size;
}

}  // namespace

Corrupted snow(const Task& task) {
    constexpr Table<Snow> cifar{{{.1, .2, 1, .6, 8, 3, .95},
                                 {.1, .2, 1, .5, 10, 4, .9},
                                 {.15, .3, 1.75, .55, 10, 4, .9},
                                 {.25, .3, 2.25, .6, 12, 6, .85},
                                 {.3, .3, 1.25, .65, 14, 12, .8}}};
    constexpr Table<Snow> large{{{.1, .3, 3, .5, 10, 4, .8},
                                 {.2, .3, 2, .5, 12, 4, .7},
                                 {.55, .3, 4, .9, 12, 8, .7},
                                 {.55, .3, 4.5, .85, 12, 8, .65},
                                 {.55, .3, 2.5, .85, 12, 12, .55}}};
    const auto& snow = task.constants(cifar, large);
    const auto layer = snow_layer(task, snow);
    const auto x = Floats::made(unit(task.image), [](double v) { return static_cast<float>(v); });
    const auto weight = static_cast<float>(snow.weight);
    const auto rest = static_cast<float>(1 - snow.weight);
    auto result = Doubles::like(x);
    const auto count = static_cast<size_t>(x.pixels());
    for (size_t i = 0; i < count; ++i) {
        const float grey =
            0.299F * x.values[i] + 0.587F * x.values[count + i] + 0.114F * x.values[2 * count + i];
        const double flakes = layer.values[i] / 255. + layer.values[count - 1 - i] / 255.;
        for (size_t c = 0; c < 3; ++c) {
            const float value = x.values[c * count + i];
            const float whiter = weight * value + rest * std::max(value, grey * 1.5F + 0.5F);
            result.values[c * count + i] = whiter + flakes;
        }
    }
    return to_255(std::move(result));
}

Corrupted frost(const Task& task) {
    constexpr Table<Weights> cifar{{{1, .2}, {1, .3}, {.9, .4}, {.85, .4}, {.75, .45}}};
    constexpr Table<Weights> large{{{1, .4}, {.8, .6}, {.7, .7}, {.65, .7}, {.6, .75}}};
    const auto& weights = task.constants(cifar, large);
    const auto which = task.draws.integers(1, 0, 5)[0];
    const auto& photograph = task.photographs->pictures[static_cast<size_t>(which)];
    const auto& x = task.image;
    const auto top = task.draws.integers(1, 0, photograph.height - x.height)[0];
    const auto left = task.draws.integers(1, 0, photograph.width - x.width)[0];
    auto result = Corrupted::like(x);
    for (int64_t c = 0; c < x.channels; ++c) {
        for (int64_t y = 0; y < x.height; ++y) {
            for (int64_t i = 0; i < x.width; ++i) {
                const double sum = weights.image * x.at(c, y, i) +
                                   weights.frost * photograph.at(c, top + y, left + i);
                result.at(c, y, i) = std::clamp(sum, 0.0, 255.0);
            }
        }
    }
    return result;
}

Corrupted fog(const Task& task) {
    constexpr Table<Fog> cifar{{{.2, 3}, {.5, 3}, {.75, 2.5}, {1, 2}, {1.5, 1.75}}};
    constexpr Table<Fog> large{{{1.5, 2}, {2, 2}, {2.5, 1.7}, {2.5, 1.5}, {3, 1.4}}};
    const auto& fog = task.constants(cifar, large);
    auto x = unit(task.image);
    const double most = *std::ranges::max_element(x.values);
    const Plasma plasma(power_of_two(std::max(x.height, x.width)), fog.decay, task.draws);
    for (int64_t c = 0; c < x.channels; ++c) {
        for (int64_t y = 0; y < x.height; ++y) {
            for (int64_t i = 0; i < x.width; ++i) {
                double& value = x.at(c, y, i);
                value =
                    (value + fog.amount * plasma.map().at(0, y, i)) * most / (most + fog.amount);
            }
        }
    }
    return to_255(std::move(x));
}

}  // namespace hfc::corrupt
