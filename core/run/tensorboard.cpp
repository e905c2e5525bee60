#include "run/tensorboard.h"

#include <array>
#include <bit>

namespace hfc::run {
namespace {

/// Little-endian bytes.
template <typename Number>
std::string bytes_of(Number number) {
    std::string bytes;
    for (size_t i = 0; i < sizeof number; ++i) {
        bytes += static_cast<char>(number >> (8 * i) & 0xFF);
    }
    return bytes;
}

std::string varint(uint64_t number) {
    std::string bytes;
    for (; number >= 0x80; number >>= 7) {
        bytes += static_cast<char>((number & 0x7F) | 0x80);
    }
    return bytes + static_cast<char>(number);
}

// The wire types of protocol buffers.
enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

std::string key(int field, Wire wire) {
    return varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire));
}

std::string field_of(int field, double value) {
    return key(field, Wire::fixed64) + bytes_of(std::bit_cast<uint64_t>(value));
}

std::string field_of(int field, float value) {
    return key(field, Wire::fixed32) + bytes_of(std::bit_cast<uint32_t>(value));
}

std::string field_of(int field, int64_t value) {
    return key(field, Wire::varint) + varint(static_cast<uint64_t>(value));
}

std::string field_of(int field, const std::string& value) {
    return key(field, Wire::bytes) + varint(value.size()) + value;
}

// The field numbers in event.proto and summary.proto.
namespace event {
constexpr int wall_time = 1, step = 2, file_version = 3, summary = 5;
}
namespace summary {
constexpr int value = 1;
}
namespace value {
constexpr int tag = 1, simple_value = 2, image = 4;
}
namespace image {
constexpr int height = 1, width = 2, colorspace = 3, encoded_image_string = 4;
}

std::string event_of(double time, int64_t step, const std::string& content) {
    auto text = field_of(event::wall_time, time);
    text += step == 0 ? "" : field_of(event::step, step);  // proto3 omits zeros
    return text + field_of(event::summary, field_of(summary::value, content));
}

constexpr std::array<uint32_t, 256> crc_table() {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t rest = i;
        for (int bit = 0; bit < 8; ++bit) {
            rest = rest >> 1 ^ (rest & 1 ? 0x82F63B78U : 0U);  // Castagnoli's polynomial
        }
        table[i] = rest;
    }
    return table;
}

/// CRC-32C, rotated and offset as TFRecord requires.
std::string masked_checksum(std::string_view data) {
    static constexpr auto table = crc_table();
    uint32_t crc = 0xFFFFFFFF;
    for (const char c : data) {
        crc = crc >> 8 ^ table[(crc ^ static_cast<uint8_t>(c)) & 0xFF];
    }
    crc = ~crc;
    return bytes_of(std::rotr(crc, 15) + 0xA282EAD8U);
}

}  // namespace

std::string tensorboard_start(double time) {
    return field_of(event::wall_time, time) +
           field_of(event::file_version, std::string("brain.Event:2"));
}

std::string tensorboard_event(const TensorBoardValue& value) {
    return event_of(value.time, value.step,
                    field_of(value::tag, value.tag) + field_of(value::simple_value, value.scalar));
}

std::string tensorboard_event(const TensorBoardImage& picture) {
    constexpr int64_t rgb = 3;
    const auto content = field_of(image::height, picture.height) +
                         field_of(image::width, picture.width) + field_of(image::colorspace, rgb) +
                         field_of(image::encoded_image_string, picture.png);
    return event_of(picture.time, picture.step,
                    field_of(value::tag, picture.tag) + field_of(value::image, content));
}

std::string tensorboard_record(std::string_view data) {
    const auto length = bytes_of(static_cast<uint64_t>(data.size()));
    return length + masked_checksum(length) + std::string(data) + masked_checksum(data);
}

}  // namespace hfc::run
