#include "attack/settings.h"

#include "base/error.h"
#include "base/images.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hfc::attack {
namespace {

struct Method {
    std::string name;
    Norm norm;
    double epsilon;
    double alpha;
    bool iterates;
    bool starts_randomly;
    bool momentum;
};

const std::vector<Method>& methods() {
    static const std::vector<Method> all{
        {"fgsm", Norm::l_infinity, 8.0 / 255, 8.0 / 255, false, false, false},
        {"bim", Norm::l_infinity, 8.0 / 255, 2.0 / 255, true, false, false},
        {"mifgsm", Norm::l_infinity, 8.0 / 255, 2.0 / 255, true, false, true},
        {"pgd", Norm::l_infinity, 8.0 / 255, 2.0 / 255, true, true, false},
        {"pgdl2", Norm::l2, 1.0, 0.2, true, true, false},
    };
    return all;
}

const Method& find_method(const std::string& name) {
    const auto found = std::ranges::find(methods(), name, &Method::name);
    require(found != methods().end(), "hfc.attack: unknown method '{}'{}; the methods are {}", name,
            did_you_mean(name, known_methods()), fmt::join(known_methods(), ", "));
    return *found;
}

void set_steps(Settings& settings, const AttackOptions& options, const Method& method) {
    if (!method.iterates) {
        require(!options.alpha && !options.relative_alpha && options.steps.value_or(1) == 1,
                "hfc.attack: fgsm is one step of epsilon and takes neither alpha nor steps; bim is "
                "its form of several steps");
        settings.alpha_relative = true;
        settings.alpha_share = 1;
        return;
    }
    settings.steps = options.steps.value_or(10);
    require(settings.steps >= 1, "hfc.attack: steps must be at least 1, got {}", settings.steps);
    require(!options.alpha || !options.relative_alpha,
            "hfc.attack: alpha and relative_alpha exclude each other; both are given");
    settings.alpha_relative = options.relative_alpha.has_value();
    settings.alpha = options.alpha.value_or(method.alpha);
    require(std::isfinite(settings.alpha) && settings.alpha > 0,
            "hfc.attack: alpha must be a finite number above 0, got {}", settings.alpha);
    // With epsilon 0 nothing moves, whatever the share.
    const auto of_defaults =
        settings.epsilon > 0 ? settings.alpha / settings.epsilon : method.alpha / method.epsilon;
    settings.alpha_share = options.relative_alpha.value_or(
        options.alpha ? of_defaults : method.alpha / method.epsilon);
    require(std::isfinite(settings.alpha_share) && settings.alpha_share > 0,
            "hfc.attack: relative_alpha must be a finite number above 0, got {}",
            settings.alpha_share);
}

void check_band(const Band& band) {
    if (!band.mask.defined()) {
        require(band.part != data::Part::whole,
                "hfc.attack: band must be low or high with a radius, or have a mask");
        require(std::isfinite(band.radius) && band.radius >= 0,
                "hfc.attack: the band's radius must be a finite number of at least 0, got {}",
                band.radius);
        return;
    }
    const auto& mask = band.mask;
    require(band.part == data::Part::whole,
            "hfc.attack: band takes a part with a radius or a mask, not both");
    require(mask.dim() == 2 && at::isFloatingType(mask.scalar_type()),
            "hfc.attack: the band's mask must be a floating-point tensor [H, W], got {} [{}]",
            at::toString(mask.scalar_type()), fmt::join(mask.sizes(), ", "));
    require(mask.ge(0).logical_and(mask.le(1)).all().item<bool>(),
            "hfc.attack: the band's mask must hold factors in [0,1]");
}

}  // namespace

const std::vector<std::string>& known_methods() {
    static const auto names = [] {
        std::vector<std::string> all;
        std::ranges::transform(methods(), std::back_inserter(all), &Method::name);
        return all;
    }();
    return names;
}

void require_epsilon(double epsilon) {
    require(std::isfinite(epsilon) && epsilon >= 0,
            "hfc.attack: epsilon must be a finite number of at least 0, got {}", epsilon);
}

Settings resolve(const AttackOptions& options) {
    const auto& method = find_method(options.method);
    Settings settings;
    settings.method = method.name;
    settings.norm = method.norm;
    settings.epsilon = options.epsilon.value_or(method.epsilon);
    require_epsilon(settings.epsilon);
    set_steps(settings, options, method);
    settings.momentum = method.momentum;
    settings.decay = options.decay;
    require(std::isfinite(options.decay) && options.decay >= 0,
            "hfc.attack: decay must be a finite number of at least 0, got {}", options.decay);
    require(method.starts_randomly || !options.random_start.value_or(false),
            "hfc.attack: {} has no random start; pgd and pgdl2 have one", method.name);
    settings.random_start = options.random_start.value_or(method.starts_randomly);
    settings.restarts = options.restarts;
    require(options.restarts >= 1, "hfc.attack: restarts must be at least 1, got {}",
            options.restarts);
    require(options.restarts == 1 || settings.random_start,
            "hfc.attack: {} restarts without a random start would all be the same; set "
            "random_start with pgd or pgdl2",
            options.restarts);
    settings.targeted = options.targeted;
    require(options.loss == "cross_entropy" || options.loss == "margin",
            "hfc.attack: loss must be \"cross_entropy\" or \"margin\", got \"{}\"", options.loss);
    settings.margin = options.loss == "margin";
    if (options.band) {
        check_band(*options.band);
    }
    settings.band = options.band;
    settings.seed = options.seed;
    return settings;
}

void require_batch(const at::Tensor& images, const at::Tensor& labels, const Settings& settings) {
    require(images.defined() && images.dim() == 4 && images.scalar_type() == at::kFloat,
            "hfc.attack: images must be a float32 tensor [N, C, H, W], got {}",
            images.defined() ? fmt::format("{} [{}]{}", at::toString(images.scalar_type()),
                                           fmt::join(images.sizes(), ", "), image_advice(images))
                             : "nothing");
    require(labels.defined() && labels.dim() == 1 && labels.scalar_type() == at::kLong &&
                labels.size(0) == images.size(0),
            "hfc.attack: labels must be an int64 tensor [{}], one an image, got {}", images.size(0),
            labels.defined() ? fmt::format("{} [{}]", at::toString(labels.scalar_type()),
                                           fmt::join(labels.sizes(), ", "))
                             : "nothing");
    require_unit_range(images, "hfc.attack: images");
    if (labels.numel() > 0) {
        require(labels.min().item<int64_t>() >= 0, "hfc.attack: labels must be at least 0, got {}",
                labels.min().item<int64_t>());
    }
    if (settings.band && settings.band->mask.defined()) {
        const auto& mask = settings.band->mask;
        require(mask.size(0) == images.size(2) && mask.size(1) == images.size(3),
                "hfc.attack: the band's mask must be of the images' size [{}, {}], got [{}, {}]",
                images.size(2), images.size(3), mask.size(0), mask.size(1));
    }
}

}  // namespace hfc::attack
