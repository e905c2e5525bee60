// A checksum (CRC-32) of bytes that arrive in pieces. It tells different data apart, but does not
// protect against deliberate collisions.
#pragma once

#include <ATen/core/Tensor.h>
#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace hfc::data {

class Checksum {
  public:
    void add(std::string_view bytes) {
        value_ = static_cast<uint32_t>(
            ::crc32_z(value_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
    }
    /// Also marks the end of the item, so that "ab" and "c" differ from "a" and "bc".
    void add_item(std::string_view bytes) {
        add(bytes);
        add({"", 1});
    }
    /// Eight hexadecimal digits.
    std::string text() const { return fmt::format("{:08x}", value_); }

  private:
    uint32_t value_ = 0;
};

/// The sizes of a tensor on any device, and the checksum of its values: "[8, 8] 0f3a22c1".
std::string checksum_of(const at::Tensor& tensor);

}  // namespace hfc::data
