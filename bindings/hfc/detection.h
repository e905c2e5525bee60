// Common parts of hfc.detection.
#pragma once

#include "bindings/runtime/call.h"
#include "detection/detect.h"

namespace hfc::lua {

template <>
inline constexpr const char* type_name<detection::FoundInSet> = "Detections";

namespace detail {
void register_detection_scores(lua_State* L);
void register_detection_boxes(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
