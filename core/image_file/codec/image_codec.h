// The C interface of the OpenCV module, which image_file/image_file.cpp loads when the first
// picture is read. No exception crosses it. Functions that can fail return 0 on success, otherwise
// 1 and an error message in `message`.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

/// OpenCV's version: "4.6.0".
using HfcOpencvVersion = const char* (*)();

/// Returns the memory for the pixels of a height x width picture: interleaved red, green and blue
/// bytes, rows without gaps. Returns null if the allocation fails.
using HfcPlacePixels = uint8_t* (*)(void* context, int height, int width);

/// Decodes a picture into the memory that `place` returns. Grey becomes RGB, an alpha channel is
/// dropped, and EXIF's orientation is optionally applied.
using HfcDecodeImage = int (*)(const uint8_t* bytes, size_t byte_count, int follow_orientation,
                               HfcPlacePixels place, void* context, char* message,
                               size_t message_size);

/// Encodes `channels` (1 or 3: red, green, blue) planes of height x width bytes as PNG and passes
/// the encoded bytes to `take`, together with `context`.
using HfcEncodePng = int (*)(const uint8_t* planes, int channels, int height, int width,
                             void (*take)(void* context, const uint8_t* bytes, size_t byte_count),
                             void* context, char* message, size_t message_size);

}  // extern "C"
