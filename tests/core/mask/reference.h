// The arrays of tests/fixtures/make_mask.py.
#pragma once

#include "base/error.h"
#include "base/file.h"

#include <nlohmann/json.hpp>

#include <ATen/ATen.h>
#include <map>

namespace hfc::test {

/// Float64. Throws where the fixture has no such array.
inline at::Tensor mask_reference(const std::string& name) {
    static const auto all = [] {
        std::map<std::string, at::Tensor> arrays;
        auto bytes = read_file(HFC_FIXTURES "/mask/reference.bin");
        const auto numbers =
            at::from_blob(bytes.data(), {static_cast<int64_t>(bytes.size() / 8)}, at::kDouble)
                .clone();
        int64_t at = 0;
        const auto record = nlohmann::json::parse(read_file(HFC_FIXTURES "/mask/reference.json"));
        for (const auto& entry : record["arrays"]) {
            const auto shape = entry["shape"].get<std::vector<int64_t>>();
            const auto count = c10::multiply_integers(shape);
            arrays[entry["name"]] = numbers.narrow(0, at, count).reshape(shape);
            at += count;
        }
        return arrays;
    }();
    require(all.contains(name), "the fixture has no array '{}'", name);
    return all.at(name);
}

}  // namespace hfc::test
