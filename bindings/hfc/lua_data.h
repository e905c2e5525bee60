// Samples and transforms from a script's functions.
#pragma once

#include "bindings/runtime/call.h"
#include "data/dataset.h"

#include <string>
#include <vector>

namespace hfc::lua {

/// The options in hfc.dataset {size = n, get = f, ...}.
struct LuaSourceSettings {
    std::string name = "samples";
    int64_t size = 0;
    std::vector<std::string> class_names;
    int64_t classes = 0;  ///< 0 means that the labels determine it
};

/// Makes a source whose samples are the results of the function at the top of the stack, which is
/// popped: get(i) -> image, label. Calls it now for every label and for the first image, whose
/// shape and dtype all images must have. Throws Error for a result with a wrong type.
std::shared_ptr<const data::Source> make_lua_source(lua_State* L, LuaSourceSettings settings);

/// Makes a transform that calls the function at the top of the stack, which is popped: map(images,
/// indices) -> images. Calls it once with the first image of `dataset` to determine the resulting
/// shape. Throws Error for a result with a wrong type.
std::shared_ptr<const data::Transform> make_lua_transform(lua_State* L,
                                                          const data::Dataset& dataset);

/// Returns the positions, int64, of the images of `dataset` for which the function at the top of
/// the stack, which is popped, returns true: keep(image, label, index).
at::Tensor filter_positions(lua_State* L, const data::Dataset& dataset);

}  // namespace hfc::lua
