// How Lua says what is done to the pictures of a data set.
#pragma once

#include "bindings/runtime/call.h"
#include "data/dataset.h"
#include "image_file/recipe.h"

namespace hfc::lua {

/// Reads the options `interpolation` and `orientation`.
image_file::PictureOptions picture_options(Options& options,
                                           const image_file::PictureOptions& defaults);

/// A list of steps, or the name of a preset, at `position`, and its options behind it. What they
/// leave open is as `dataset` has it.
image_file::PictureRecipe recipe_argument(Call& call, int position, const data::Dataset& dataset);

}  // namespace hfc::lua
