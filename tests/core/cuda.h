// For tests that need a GPU.
#pragma once

#include "base/device.h"

#include <gtest/gtest.h>

/// First line of a test in a suite named Cuda*: skips, saying why, where CUDA cannot be used.
#define HFC_NEEDS_CUDA()                                                        \
    if (!hfc::cuda_status().usable) {                                           \
        GTEST_SKIP() << "no usable CUDA device: " << hfc::cuda_status().reason; \
    }                                                                           \
    static_assert(true, "a semicolon follows")
