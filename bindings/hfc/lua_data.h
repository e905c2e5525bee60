// Samples and transforms that a script's functions give.
#pragma once

#include "bindings/runtime/call.h"
#include "data/dataset.h"

#include <string>
#include <vector>

namespace hfc::lua {

/// The function at the top of the stack, which stays there, as bytes without line numbers, so that
/// a comment above it changes nothing. The variables that it captures are not included.
std::string dump_of(lua_State* L);

/// What hfc.dataset {size = n, get = f, ...} says.
struct LuaSourceSettings {
    std::string name = "samples";
    int64_t size = 0;
    std::vector<std::string> class_names;
    int64_t classes = 0;  ///< 0: as the labels say
};

/// A source whose samples are what the function at the top of the stack, which is popped, returns:
/// get(i) -> image, label. Asks for every label now, and for the first image, whose shape and dtype
/// are those of all. Throws Error for a result of another kind.
std::shared_ptr<const data::Source> make_lua_source(lua_State* L, LuaSourceSettings settings);

/// A transform that calls the function at the top of the stack, which is popped: map(images,
/// indices) -> images. Tries it on the first image of `dataset` to see which shape comes out.
/// Throws Error for a result of another kind.
std::shared_ptr<const data::Transform> make_lua_transform(lua_State* L,
                                                          const data::Dataset& dataset);

/// Positions of the images of `dataset` for which the function at the top of the stack, which is
/// popped, returns true: keep(image, label, index). int64.
at::Tensor filter_positions(lua_State* L, const data::Dataset& dataset);

}  // namespace hfc::lua
