// Data sets and transforms defined by functions of a script.
#pragma once

#include "bindings/runtime/call.h"
#include "data/dataset.h"

#include <string>
#include <vector>

namespace hfc::lua {

/// The options of hfc.dataset {size = n, get = f, ...}.
struct LuaSourceSettings {
    std::string name = "samples";
    int64_t size = 0;
    std::vector<std::string> class_names;
    int64_t classes = 0;  ///< 0 means that the labels determine it
};

/// Pops a function from the stack and makes a source whose samples are its results: get(i) ->
/// image, label. Immediately calls get() for all labels and for the first image. All images must
/// have the same shape and dtype as the first. Throws Error if a result has the wrong type.
std::shared_ptr<const data::Source> make_lua_source(lua_State* L, LuaSourceSettings settings);

/// Pops a function from the stack and makes a transform that calls it: map(images, indices) ->
/// images. Calls map() once with the first image of `dataset` to determine the resulting shape.
/// Throws Error if a result has the wrong type.
std::shared_ptr<const data::Transform> make_lua_transform(lua_State* L,
                                                          const data::Dataset& dataset);

/// Pops the function keep(image, label, index) from the stack. Returns the positions (int64) of the
/// images of `dataset` for which keep returns true.
at::Tensor filter_positions(lua_State* L, const data::Dataset& dataset);

}  // namespace hfc::lua
