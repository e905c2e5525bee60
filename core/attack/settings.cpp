#include "attack/settings.h"

#include "attack/method.h"
#include "base/dtype_name.h"
#include "base/error.h"
#include "base/images.h"
#include "data/checksum.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hfc::attack {
namespace {

void set_steps(Settings& settings, const AttackOptions& options, const Method& method) {
    if (!method.takes_alpha) {
        require(!options.alpha && !options.relative_alpha,
                "{} chooses its own step size and does not accept alpha", method.name);
    }
    if (!method.iterates) {
        require(!options.alpha && options.steps.value_or(1) == 1,
                "{} takes a single step and accepts neither alpha nor steps", method.name);
        settings.alpha_relative = true;
        settings.alpha_fraction = options.relative_alpha.value_or(method.alpha / method.epsilon);
        require(std::isfinite(settings.alpha_fraction) && settings.alpha_fraction > 0,
                "relative_alpha must be a finite number above 0, got {}", settings.alpha_fraction);
        return;
    }
    require(method.takes_steps || !options.steps,
            "{} has no option 'steps'; set the number of queries with the option 'queries'",
            method.name);
    settings.steps = options.steps.value_or(method.steps);
    require(settings.steps >= 1, "steps must be at least 1, got {}", settings.steps);
    require(!options.alpha || !options.relative_alpha,
            "alpha and relative_alpha are mutually exclusive, but both are given");
    settings.alpha_relative = options.relative_alpha.has_value();
    settings.alpha = options.alpha.value_or(method.alpha);
    require(std::isfinite(settings.alpha) && settings.alpha > 0,
            "alpha must be a finite number above 0, got {}", settings.alpha);
    // If epsilon is 0, the image does not change, whatever the fraction is.
    const auto of_defaults =
        settings.epsilon > 0 ? settings.alpha / settings.epsilon : method.alpha / method.epsilon;
    settings.alpha_fraction = options.relative_alpha.value_or(
        options.alpha ? of_defaults : method.alpha / method.epsilon);
    require(std::isfinite(settings.alpha_fraction) && settings.alpha_fraction > 0,
            "relative_alpha must be a finite number above 0, got {}", settings.alpha_fraction);
}

/// The names of the methods that start at random.
std::string random_starters() {
    std::vector<std::string> names;
    for (const auto& name : known_methods()) {
        if (find_method(name)->random_start) {
            names.push_back(name);
        }
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

void set_start(Settings& settings, const AttackOptions& options, const Method& method) {
    const bool given = options.start.defined();
    require(method.random_start || !options.random_start.value_or(false),
            "{} has no random start; the methods with a random start are {}", method.name,
            random_starters());
    require(method.random_start || !given,
            "{} has no option 'start'; the methods with this option are {}", method.name,
            random_starters());
    require(!given || !options.random_start.value_or(false),
            "'start' and 'random_start' are mutually exclusive, but both are given");
    if (given) {
        const auto& start = options.start;
        require(start.dim() == 4 && start.scalar_type() == at::kFloat,
                "'start' must be a float32 tensor of perturbations [N, C, H, W], got {} [{}]",
                dtype_name(start.scalar_type()), fmt::join(start.sizes(), ", "));
        require(start.isfinite().all().item<bool>(), "'start' must contain only finite numbers");
    }
    settings.start = options.start;
    settings.random_start = !given && options.random_start.value_or(method.random_start);
    settings.gradient_first = method.gradient_first && !settings.random_start && !given;
    settings.restarts = options.restarts;
    require(options.restarts >= 1, "restarts must be at least 1, got {}", options.restarts);
    require(options.restarts == 1 || settings.random_start || method.draws,
            "{} restarts without a random start would all be the same; the methods with the option "
            "random_start are {}",
            options.restarts, random_starters());
}

void require_number(const NumberOption& option, double value) {
    const bool high = option.above ? value > option.lowest : value >= option.lowest;
    const bool whole = !option.whole || value == std::floor(value);
    require(std::isfinite(value) && high && value <= option.highest && whole,
            "{} must be {} {} {}{}, got {}", option.name,
            option.whole ? "an integer" : "a finite number",
            option.above ? "above" : ">=", option.lowest,
            std::isfinite(option.highest) ? fmt::format(" and at most {}", option.highest) : "",
            value);
}

void set_numbers(Settings& settings, const AttackOptions& options, const Method& method) {
    for (const auto& option : method.numbers) {
        settings.numbers[option.name] = option.standard;
    }
    for (const auto& [name, value] : options.numbers) {
        const auto option = std::ranges::find(method.numbers, name, &NumberOption::name);
        require(option != method.numbers.end(), "{} has no option '{}'", method.name, name);
        require_number(*option, value);
        settings.numbers[name] = value;
    }
}

void set_norm(Settings& settings, const AttackOptions& options, const Method& method) {
    settings.norm = options.norm.value_or(method.norm);
    require(settings.norm == method.norm || method.either_norm,
            "{} supports only the norm {}, got {}; other methods, such as apgd, let you choose the "
            "norm",
            method.name, name_of(method.norm), name_of(settings.norm));
}

/// A method with the option `targets` runs once for each of several target classes.
void set_targets(Settings& settings, const AttackOptions& options) {
    const auto targets = settings.numbers.find("targets");
    if (targets == settings.numbers.end()) {
        return;
    }
    settings.targets = static_cast<int64_t>(targets->second);
    require(
        settings.targets == 0 || !options.targeted,
        "'targets' and 'targeted' are mutually exclusive: with 'targets', any wrong class counts "
        "as a success");
    require(!options.targeted || settings.loss != Loss::dlr,
            "the loss dlr does not support 'targeted'; use 'targets' instead");
}

/// Compares as float32, the dtype of the pixels.
void require_pixels(const at::Tensor& images, const Range& range) {
    if (images.numel() == 0) {
        return;
    }
    const auto [least, most] = at::aminmax(images);
    const auto lowest = least.item<float>();
    const auto highest = most.item<float>();
    require(!std::isnan(lowest), "images must have pixels in [{},{}], got NaN", range.lowest,
            range.highest);
    require(std::isfinite(lowest) && std::isfinite(highest),
            "images must have finite pixels, got {} to {}", lowest, highest);
    require(
        lowest >= static_cast<float>(range.lowest) && highest <= static_cast<float>(range.highest),
        "images must have pixels in [{},{}], got {} to {}; to allow other values, set the attack's "
        "option 'range' to {{lowest, highest}}, or to \"none\" for filtered images",
        range.lowest, range.highest, lowest, highest);
}

void check_band(const Band& band) {
    if (band.dct != 0) {
        require(
            band.dct > 0 && band.dct <= 1,
            "the band's dct (a fraction of the coefficients) must be above 0 and at most 1, got {}",
            band.dct);
        require(band.part == data::Part::whole && !band.mask.defined(),
                "'band' accepts only one of the following: dct, a part with a radius, or a mask");
        return;
    }
    if (!band.mask.defined()) {
        require(band.part != data::Part::whole,
                "'band' requires a part ('low' or 'high') with a radius, or a mask");
        require(std::isfinite(band.radius) && band.radius >= 0,
                "the band's radius must be a finite number >= 0, got {}", band.radius);
        return;
    }
    const auto& mask = band.mask;
    require(band.part == data::Part::whole,
            "'band' accepts either a part with a radius or a mask, not both");
    require(mask.dim() == 2 && at::isFloatingType(mask.scalar_type()),
            "the band's mask must be a floating-point tensor [H, W], got {} [{}]",
            dtype_name(mask.scalar_type()), fmt::join(mask.sizes(), ", "));
    require(mask.ge(0).logical_and(mask.le(1)).all().item<bool>(),
            "the band's mask must contain only factors in [0,1]");
}

}  // namespace

void require_epsilon(double epsilon) {
    require(std::isfinite(epsilon) && epsilon >= 0, "epsilon must be a finite number >= 0, got {}",
            epsilon);
}

Settings resolve(const AttackOptions& options) {
    require(!options.sequence, "expected a single attack, got a sequence of attacks");
    const auto method = options.custom ? options.custom : find_method(options.method);
    Settings settings;
    settings.method = method;
    set_norm(settings, options, *method);
    settings.epsilon = options.epsilon.value_or(method->epsilon);
    require_epsilon(settings.epsilon);
    set_steps(settings, options, *method);
    set_numbers(settings, options, *method);
    set_start(settings, options, *method);
    require(!options.targeted || method->takes_targeted,
            "{} looks for any wrong class and does not accept 'targeted'", method->name);
    settings.targeted = options.targeted;
    settings.loss = options.loss;
    set_targets(settings, options);
    if (options.band) {
        require(method->takes_band,
                "{} does not accept 'band'; use a different method, such as pgd", method->name);
        check_band(*options.band);
    }
    settings.band = options.band;
    settings.seed = options.seed;
    settings.range = options.range;
    require(options.range.lowest < options.range.highest,
            "'range' must be two ascending numbers (the lowest and the highest pixel value), got "
            "{} and {}",
            options.range.lowest, options.range.highest);
    settings.keep = options.keep;
    return settings;
}

std::string identity_of(const Settings& settings) {
    std::string text;
    if (settings.norm != settings.method->norm) {
        text += fmt::format(" norm {}", name_of(settings.norm));
    }
    if (settings.range != Range()) {
        text += fmt::format(" range {} {}", settings.range.lowest, settings.range.highest);
    }
    if (settings.keep != Keep::last) {
        text += fmt::format(" keep {}", name_of(settings.keep));
    }
    if (settings.start.defined()) {
        text += fmt::format(" start {}", data::checksum_of(settings.start));
    }
    if (!settings.method->fingerprint.empty()) {
        data::Checksum checksum;
        checksum.add(settings.method->fingerprint);
        text += fmt::format(" function {} {}", name_of(settings.norm), checksum.text());
    }
    return text;
}

void require_batch(const at::Tensor& images, const at::Tensor& labels, const Settings& settings) {
    require(images.defined() && images.dim() == 4 && images.scalar_type() == at::kFloat,
            "images must be a float32 tensor [N, C, H, W], got {}",
            images.defined() ? fmt::format("{} [{}]{}", dtype_name(images.scalar_type()),
                                           fmt::join(images.sizes(), ", "), image_advice(images))
                             : "nothing");
    require(labels.defined() && labels.dim() == 1 && labels.scalar_type() == at::kLong &&
                labels.size(0) == images.size(0),
            "labels must be an int64 tensor [{}], one per image, got {}", images.size(0),
            labels.defined() ? fmt::format("{} [{}]", dtype_name(labels.scalar_type()),
                                           fmt::join(labels.sizes(), ", "))
                             : "nothing");
    require_pixels(images, settings.range);
    if (labels.numel() > 0) {
        require(labels.min().item<int64_t>() >= 0, "labels must be >= 0, got {}",
                labels.min().item<int64_t>());
    }
    if (settings.band && settings.band->mask.defined()) {
        const auto& mask = settings.band->mask;
        require(mask.size(0) == images.size(2) && mask.size(1) == images.size(3),
                "the band's mask must have shape [{}, {}] (the size of the images), got [{}, {}]",
                images.size(2), images.size(3), mask.size(0), mask.size(1));
    }
}

void require_start(const Settings& settings, int64_t count, at::IntArrayRef image) {
    if (!settings.start.defined()) {
        return;
    }
    const auto& start = settings.start;
    require(
        (start.size(0) == 1 || start.size(0) == count) && start.sizes().slice(1) == image,
        "'start' must contain 1 perturbation or {} (one per image), each of shape [{}], got [{}]",
        count, fmt::join(image, ", "), fmt::join(start.sizes(), ", "));
}

}  // namespace hfc::attack
