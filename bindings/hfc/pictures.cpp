#include "bindings/hfc/pictures.h"

#include "bindings/runtime/registry.h"

namespace hfc::lua {
namespace {

using image_file::PictureRecipe;
using image_file::PictureStep;
using image_file::StepKind;

std::array<double, 2> read_range(Options& options, const char* key,
                                 const std::array<double, 2>& fallback) {
    const auto range = options.numbers(key, {fallback[0], fallback[1]});
    require(range.size() == 2, "option '{}': expected two numbers {{min, max}}, got {}", key,
            range.size());
    return {range[0], range[1]};
}

/// {"random_resized_crop", 224, scale = {.08, 1}} on the top of the stack.
PictureStep read_step(lua_State* L, const std::string& which) {
    const int top = lua_gettop(L);
    if (!lua_istable(L, top)) {
        Value(L, top, which).expected("a step {name, size}");
    }
    lua_rawgeti(L, top, 1);
    PictureStep step;
    step.kind = image_file::parse_step(Value(L, -1, "the name of " + which).text());
    if (step.has_size()) {
        lua_rawgeti(L, top, 2);
        step.size = Value(L, -1, "the size of " + which).integer();
    }
    lua_settop(L, top);
    Options options(L, top);
    options.allow_list(step.has_size() ? 2 : 1);
    if (step.kind == StepKind::random_resized_crop) {
        step.crop.scale = read_range(options, "scale", step.crop.scale);
        step.crop.ratio = read_range(options, "ratio", step.crop.ratio);
    }
    if (step.kind == StepKind::color_jitter) {
        auto& [brightness, contrast, saturation, hue] = step.jitter;
        brightness = options.number("brightness", brightness);
        contrast = options.number("contrast", contrast);
        saturation = options.number("saturation", saturation);
        hue = options.number("hue", hue);
    }
    if (step.kind == StepKind::horizontal_flip) {
        step.probability = options.number("p", step.probability);
    }
    options.finish();
    return step;
}

}  // namespace

image_file::PictureOptions picture_options(Options& options,
                                           const image_file::PictureOptions& defaults) {
    auto result = defaults;
    options.with("interpolation", [&](const Value& value) {
        result.interpolation = image_file::parse_interpolation(value.text());
    });
    options.with("orientation", [&](const Value& value) {
        result.orientation = image_file::parse_orientation(value.text());
    });
    return result;
}

PictureRecipe recipe_argument(Call& call, int position, const data::Dataset& dataset) {
    auto* const L = call.L;
    auto options = call.options(position + 1);
    const auto pictures = picture_options(options, dataset.source().picture_options());
    options.finish();
    const auto value = call.argument(position, "steps");
    if (lua_type(L, position) == LUA_TSTRING) {
        return image_file::preset(value.text(), pictures.interpolation);
    }
    if (!lua_istable(L, position)) {
        value.expected("a list of steps or the name of a preset");
    }
    std::vector<PictureStep> steps;
    for (int i = 1; i <= static_cast<int>(lua_objlen(L, position)); ++i) {
        lua_rawgeti(L, position, i);
        steps.push_back(read_step(L, fmt::format("step {}", i)));
        lua_pop(L, 1);
    }
    require(!steps.empty(), "expected at least one step, got none");
    return PictureRecipe(std::move(steps), pictures);
}

}  // namespace hfc::lua
