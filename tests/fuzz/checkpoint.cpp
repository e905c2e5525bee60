// A checkpoint whose JSON is the input, or whose state or tensors are, with checksums that agree.
#include "base/json_depth.h"
#include "checkpoint/store.h"
#include "fuzz.h"

#include <zlib.h>

namespace {

using hfc::checkpoint::Json;

uint32_t checksum(std::string_view bytes) {
    return static_cast<uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// The JSON of a checkpoint with this state and these tensors; the state's own text where it is no
/// JSON.
std::string agreeing(std::string_view state, std::string_view tensors) {
    const auto json = hfc::nests_deeper(state)
                          ? Json(Json::value_t::discarded)
                          : Json::parse(state, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) {
        return std::string(state);
    }
    return Json({{"format", 1},
                 {"tensors", {{"bytes", tensors.size()}, {"crc32", checksum(tensors)}}},
                 {"state_crc32",
                  checksum(json.dump(-1, ' ', false, Json::error_handler_t::replace))},
                 {"state", json}})
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto input = hfc::fuzz::text(data, size);
    const int way = hfc::fuzz::take_byte(input) % 3;
    const std::string_view tensors = way == 2 ? input : std::string_view("\2\0\0\0\0\0\0\0{}", 10);
    hfc::fuzz::folder().write("checkpoint-000000001.safetensors", tensors);
    hfc::fuzz::folder().write(
        "checkpoint-000000001.json",
        way == 0 ? std::string(input) : agreeing(way == 1 ? input : "{}", tensors));
    const hfc::checkpoint::Store store(hfc::fuzz::folder().path());
    hfc::fuzz::refused_at_worst([&] { store.load(1); });
    store.newest([](const std::string& said) {
        if (said.empty()) {
            std::abort();
        }
    });
    return 0;
}
