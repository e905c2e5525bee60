// Options for reading the pictures of a data set.
#pragma once

#include "bindings/runtime/call.h"
#include "data/dataset.h"
#include "image_file/recipe.h"

namespace hfc::lua {

/// Reads the options `interpolation` and `orientation`.
image_file::PictureOptions picture_options(Options& options,
                                           const image_file::PictureOptions& defaults);

/// Reads a recipe at `position` (a list of steps or the name of a preset) and the options after it.
/// Unset options default to those of `dataset`.
image_file::PictureRecipe recipe_argument(Call& call, int position, const data::Dataset& dataset);

}  // namespace hfc::lua
