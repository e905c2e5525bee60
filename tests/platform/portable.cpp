// The parts of core/ that know about processors, in one piece: to be compiled for another one.
// clang-format off
#include <ATen/ATen.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>
#include "base/file.cpp"
#include "base/kept_memory.cpp"
#include "base/machine.cpp"
#include "decompose/decompose.cpp"
#include "decompose/eigen.cpp"
#include "decompose/kernels.cpp"
#include "decompose/spectrum.cpp"
#include "frequency/disc.cpp"
#include "frequency/fft_avx2.cpp"
#include "frequency/fourier_avx2.cpp"
#include "frequency/fourier_fftw.cpp"
#include "frequency/split.cpp"
#include "frequency/split_cpu.cpp"
#include "frequency/split_torch.cpp"
