// Options for reading the pictures of a data set.
#pragma once

#include "bindings/runtime/call.h"
#include "data/dataset.h"
#include "image_file/recipe.h"

namespace hfc::lua {

/// Reads the options `interpolation` and `orientation`.
image_file::PictureOptions picture_options(Options& options,
                                           const image_file::PictureOptions& defaults);

/// Reads a list of steps, or the name of a preset, at `position`, and the options that follow it.
/// Unset options have the same values as in `dataset`.
image_file::PictureRecipe recipe_argument(Call& call, int position, const data::Dataset& dataset);

}  // namespace hfc::lua
