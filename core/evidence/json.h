// The JSON of this room: names in the order in which they were written.
#pragma once

#include <nlohmann/json.hpp>

namespace hfc::evidence {

using Json = nlohmann::ordered_json;

}  // namespace hfc::evidence
