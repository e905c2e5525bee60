// Gaussian, shot, impulse and speckle noise.
#include "corrupt/picture.h"

#include <array>

namespace hfc::corrupt {

namespace {

/// Adds normal noise, multiplied by strength(pixel).
template <typename Strength>
Corrupted with_normal_noise(const Task& task, double deviation, Strength&& strength) {
    auto x = unit(task.image);
    const auto noise = task.draws.normal(static_cast<int64_t>(x.values.size()), 0, deviation);
    for (size_t i = 0; i < noise.size(); ++i) {
        x.values[i] += strength(x.values[i]) * noise[i];
    }
    return to_255(std::move(x));
}

}  // namespace

Corrupted gaussian_noise(const Task& task) {
    constexpr Table<double> cifar{.04, .06, .08, .09, .10};
    constexpr Table<double> large{.08, .12, .18, .26, .38};
    return with_normal_noise(task, task.constants(cifar, large), [](double) { return 1.0; });
}

Corrupted shot_noise(const Task& task) {
    constexpr Table<double> cifar{500, 250, 100, 75, 50};
    constexpr Table<double> large{60, 25, 12, 5, 3};
    const double photons = task.constants(cifar, large);
    auto x = Doubles::like(task.image);
    x.values = task.draws.poisson(task.image, photons);
    for (double& value : x.values) {
        value /= photons;
    }
    return to_255(std::move(x));
}

Corrupted impulse_noise(const Task& task) {
    constexpr Table<double> cifar{.01, .02, .03, .05, .07};
    constexpr Table<double> large{.03, .06, .09, .17, .27};
    const double amount = task.constants(cifar, large);
    auto x = unit(task.image);
    const auto count = static_cast<int64_t>(x.values.size());
    const auto hit = task.draws.uniform(count, 0, 1);
    const auto white = task.draws.uniform(count, 0, 1);
    for (size_t i = 0; i < hit.size(); ++i) {
        if (hit[i] <= amount) {
            x.values[i] = white[i] <= 0.5 ? 1 : 0;
        }
    }
    return to_255(std::move(x));
}

Corrupted speckle_noise(const Task& task) {
    constexpr Table<double> cifar{.06, .1, .12, .16, .2};
    constexpr Table<double> large{.15, .2, .35, .45, .6};
    return with_normal_noise(task, task.constants(cifar, large),
                             [](double pixel) { return pixel; });
}

}  // namespace hfc::corrupt
