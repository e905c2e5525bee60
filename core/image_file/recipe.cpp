#include "image_file/recipe.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hfc::image_file {
namespace {

constexpr int64_t largest_side = 4096;

/// The maximum number of random numbers that random_resized_crop() draws: two for each of ten tries
/// and two for the position.
constexpr int64_t numbers_of_crop = 22;

using NamedKind = std::pair<const char*, StepKind>;

constexpr std::array<NamedKind, 7> kinds = {{{"resize", StepKind::resize},
                                             {"center_crop", StepKind::center_crop},
                                             {"random_resized_crop", StepKind::random_resized_crop},
                                             {"horizontal_flip", StepKind::horizontal_flip},
                                             {"pad", StepKind::pad},
                                             {"random_crop", StepKind::random_crop},
                                             {"color_jitter", StepKind::color_jitter}}};

const char* name_of(StepKind kind) {
    return std::ranges::find(kinds, kind, &NamedKind::second)->first;
}

/// Whether the step requires the whole picture and therefore must come first.
bool begins(StepKind kind) {
    return kind == StepKind::resize || kind == StepKind::random_resized_crop;
}

int64_t numbers_of(StepKind kind) {
    switch (kind) {
        case StepKind::random_resized_crop:
            return numbers_of_crop;
        case StepKind::random_crop:
            return 2;
        case StepKind::horizontal_flip:
            return 1;
        case StepKind::color_jitter:
            return numbers_of_jitter;
        default:
            return 0;
    }
}

/// Whether the results all have the same size, whatever the sizes of the inputs.
bool makes_square(StepKind kind) {
    return kind == StepKind::center_crop || kind == StepKind::random_crop ||
           kind == StepKind::random_resized_crop;
}

void require_valid(const PictureStep& step) {
    const auto* const name = name_of(step.kind);
    if (step.kind == StepKind::horizontal_flip) {
        require(step.probability >= 0 && step.probability <= 1,
                "{}: p must be a probability in [0,1], got {}", name, step.probability);
        return;
    }
    if (step.kind == StepKind::color_jitter) {
        require_valid(step.jitter);
        return;
    }
    require(step.size >= 1 && step.size <= largest_side,
            "{}: the size must be 1 to {} pixels, got {}", name, largest_side, step.size);
    if (step.kind == StepKind::random_resized_crop) {
        const auto none = [] { return 0.5; };
        random_resized_crop({8, 8}, step.size, step.crop, none);  // checks the ranges
    }
}

std::string text_of(const PictureStep& step, bool with_settings) {
    std::string text = name_of(step.kind);
    if (step.has_size()) {
        text += fmt::format(" {}", step.size);
    }
    if (with_settings && step.kind == StepKind::color_jitter) {
        const auto& [brightness, contrast, saturation, hue] = step.jitter;
        text += fmt::format(" {} {} {} {}", brightness, contrast, saturation, hue);
    } else if (with_settings) {
        text += fmt::format(" scale {} {} ratio {} {} p {}", step.crop.scale[0], step.crop.scale[1],
                            step.crop.ratio[0], step.crop.ratio[1], step.probability);
    }
    return text;
}

}  // namespace

StepKind parse_step(const std::string& name) {
    const auto found =
        std::ranges::find_if(kinds, [&](const NamedKind& one) { return name == one.first; });
    if (found == kinds.end()) {
        std::vector<std::string> names;
        std::ranges::transform(kinds, std::back_inserter(names), &NamedKind::first);
        fail("unknown step '{}'{}: expected one of {}", name, did_you_mean(name, names),
             fmt::join(names, ", "));
    }
    return found->second;
}

PictureRecipe::PictureRecipe(std::vector<PictureStep> steps, const PictureOptions& options)
    : steps_(std::move(steps)), options_(options) {
    bool square = false;
    for (size_t i = 0; i < steps_.size(); ++i) {
        add(i);
        square = square || makes_square(steps_[i].kind);
    }
    require(square,
            "the steps must produce images of the same size: '{}' lacks center_crop, random_crop "
            "or random_resized_crop",
            describe());
}

void PictureRecipe::add(size_t i) {
    const auto& step = steps_[i];
    require_valid(step);
    require(!begins(step.kind) || i == 0,
            "step {} is {}: resize and random_resized_crop are allowed only as the first step",
            i + 1, name_of(step.kind));
    const bool jittered =
        std::ranges::find(steps_.begin(), steps_.begin() + i, StepKind::color_jitter,
                          &PictureStep::kind) != steps_.begin() + i;
    require(!jittered || step.kind == StepKind::horizontal_flip,
            "step {} is {}: only horizontal_flip may follow color_jitter", i + 1,
            name_of(step.kind));
    if (step.kind == StepKind::pad) {
        size_ += 2 * step.size;
    } else if (step.has_size()) {
        size_ = step.size;
    }
    numbers_ += numbers_of(step.kind);
}

Geometry PictureRecipe::geometry(const Size& picture, std::span<const double> random) const {
    auto geometry = whole_picture(picture);
    size_t begin = 0;
    for (const auto& step : steps_) {
        auto next = begin;
        const auto uniform = [&] { return random[next++]; };
        switch (step.kind) {
            case StepKind::resize:
                geometry = resize(picture, step.size);
                break;
            case StepKind::center_crop:
                geometry = center_crop(geometry, step.size);
                break;
            case StepKind::random_resized_crop:
                geometry = random_resized_crop(picture, step.size, step.crop, uniform);
                break;
            case StepKind::horizontal_flip:
                geometry = horizontal_flip(geometry, step.probability, uniform);
                break;
            case StepKind::pad:
                geometry = pad(geometry, step.size);
                break;
            case StepKind::random_crop:
                geometry = random_crop(geometry, step.size, uniform);
                break;
            case StepKind::color_jitter:
                break;
        }
        begin += static_cast<size_t>(numbers_of(step.kind));
    }
    return geometry;
}

std::vector<ColorChange> PictureRecipe::colors(std::span<const double> random) const {
    std::vector<ColorChange> changes;
    size_t next = 0;
    for (const auto& step : steps_) {
        if (step.kind == StepKind::color_jitter) {
            const auto more = random_color_changes(step.jitter, [&] { return random[next++]; });
            changes.insert(changes.end(), more.begin(), more.end());
        } else {
            next += static_cast<size_t>(numbers_of(step.kind));
        }
    }
    return changes;
}

std::string PictureRecipe::describe() const {
    std::vector<std::string> texts;
    for (const auto& step : steps_) {
        texts.push_back(text_of(step, false));
    }
    return fmt::format("{}", fmt::join(texts, ", "));
}

std::string PictureRecipe::fingerprint() const {
    auto text =
        fmt::format("interpolation {} orientation {}", static_cast<int>(options_.interpolation),
                    static_cast<int>(options_.orientation));
    for (const auto& step : steps_) {
        text += "; " + text_of(step, true);
    }
    return text;
}

PictureRecipe preset(const std::string& name, Interpolation interpolation) {
    const PictureOptions options{interpolation, Orientation::ignore};
    if (name == "imagenet") {
        return PictureRecipe({{StepKind::resize, 256}, {StepKind::center_crop, 224}}, options);
    }
    require(name == "imagenet_train",
            "unknown preset '{}'{}: expected imagenet, imagenet_train or a list of steps", name,
            did_you_mean(name, {"imagenet", "imagenet_train"}));
    return PictureRecipe({{StepKind::random_resized_crop, 224}, {StepKind::horizontal_flip}},
                         options);
}

}  // namespace hfc::image_file
