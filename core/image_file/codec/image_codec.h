// The C interface of the OpenCV module, which image_file/image_file.cpp loads when the first
// picture is read. No exception crosses it. Functions that can fail return 0 when done, else 1 with
// a text in `message`.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

/// OpenCV's version: "4.6.0".
using HfcOpencvVersion = const char* (*)();

/// Where the pixels of a picture of height x width go: interleaved red, green and blue bytes, rows
/// without gaps. Null where there is no room.
using HfcPlacePixels = uint8_t* (*)(void* context, int height, int width);

/// Decodes a picture into the memory that `place` gives. Grey becomes RGB; an alpha channel is
/// dropped; EXIF's orientation is followed or not.
using HfcDecodeImage = int (*)(const uint8_t* bytes, size_t byte_count, int follow_orientation,
                               HfcPlacePixels place, void* context, char* message,
                               size_t message_size);

/// Encodes `channels` (1 or 3: red, green, blue) planes of height x width bytes as PNG and hands
/// them to `take` with its `context`.
using HfcEncodePng = int (*)(const uint8_t* planes, int channels, int height, int width,
                             void (*take)(void* context, const uint8_t* bytes, size_t byte_count),
                             void* context, char* message, size_t message_size);

}  // extern "C"
