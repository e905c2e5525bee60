// Spatter: drops of water at lower severities, mud at higher ones.
#include "corrupt/edges.h"
#include "corrupt/filters.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hfc::corrupt {
namespace {

struct Spatter {
    double mean, deviation, sigma, least, amount;
    bool mud;
};

/// Adds a colour to a float32 image, weighted by `cover`, [1, H, W].
void add_colour(Floats& x, const Floats& cover, const std::array<double, 3>& colour) {
    const auto count = static_cast<size_t>(x.pixels());
    for (size_t c = 0; c < colour.size(); ++c) {
        const auto tint = static_cast<float>(colour[c] / 255.);
        for (size_t i = 0; i < count; ++i) {
            x.values[c * count + i] += cover.values[i] * tint;
        }
    }
}

Floats water(const Doubles& liquid, double amount) {
    // In the published code, values that exceed a byte wrap around to 0.
    const auto drops = Bytes::made(liquid, [](double value) {
        return static_cast<uint8_t>(static_cast<int64_t>(value * 255));
    });
    auto distance = distance_to(canny(drops, 50, 150));
    for (float& value : distance.values) {
        value = std::min(value, 20.0F);
    }
    const auto near =
        Bytes::made(box_mean(distance), [](float value) { return static_cast<uint8_t>(value); });
    const auto embossed = weighed_3x3(equalized(near), {-2, -1, 0, -1, 1, 1, 0, 1, 2});
    auto cover =
        box_mean(Floats::made(embossed, [](uint8_t value) { return static_cast<float>(value); }));
    for (size_t i = 0; i < cover.values.size(); ++i) {
        cover.values[i] = std::nearbyint(cover.values[i]) * static_cast<float>(drops.values[i]);
    }
    const float most = *std::ranges::max_element(cover.values);
    for (float& value : cover.values) {
        value = most > 0 ? value / most * static_cast<float>(amount) : 0.0F;
    }
    return cover;
}

Floats mud(const Doubles& liquid, const Spatter& spatter) {
    auto cover =
        Floats::made(liquid, [&](double value) { return value > spatter.least ? 1.0F : 0.0F; });
    blur(cover, spatter.amount);
    for (float& value : cover.values) {
        value = value < 0.8F ? 0.0F : value;
    }
    return cover;
}

}  // namespace

Corrupted spatter(const Task& task) {
    constexpr Table<Spatter> cifar{{{.62, .1, .7, .7, .5, false},
                                    {.65, .1, .8, .7, .5, false},
                                    {.65, .3, 1, .69, .5, false},
                                    {.65, .1, .7, .69, .6, true},
                                    {.65, .1, .5, .68, .6, true}}};
    constexpr Table<Spatter> large{{{.65, .3, 4, .69, .6, false},
                                    {.65, .3, 3, .68, .6, false},
                                    {.65, .3, 2, .68, .5, false},
                                    {.65, .3, 1, .65, 1.5, true},
                                    {.67, .4, 1, .65, 1.5, true}}};
    const auto& spatter = task.constants(cifar, large);
    auto x = Floats::made(task.image, [](uint8_t v) { return static_cast<float>(v) / 255.0F; });
    Doubles liquid(1, x.height, x.width);
    liquid.values = task.draws.normal(liquid.pixels(), spatter.mean, spatter.deviation);
    blur(liquid, spatter.sigma);
    for (double& value : liquid.values) {
        value = value < spatter.least ? 0 : value;
    }
    if (!spatter.mud) {
        add_colour(x, water(liquid, spatter.amount), {175, 238, 238});
        return to_255(x);
    }
    const auto cover = mud(liquid, spatter);
    const auto count = static_cast<size_t>(x.pixels());
    for (size_t i = 0; i < x.values.size(); ++i) {
        x.values[i] *= 1 - cover.values[i % count];
    }
    add_colour(x, cover, {63, 42, 20});
    return to_255(x);
}

}  // namespace hfc::corrupt
