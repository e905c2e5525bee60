# Settings that all targets of the project share: language level, warnings, sanitizers, the
# precompiled ATen header.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
find_program(HFC_CCACHE ccache)
if(HFC_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # pch_defines and time_macros let ccache work with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${HFC_CCACHE})
endif()

# clang compiles parallel loops to calls of its own OpenMP runtime. It would run next to LibTorch's
# runtime: there would be two pools of threads, and settings would affect only one of them. Without
# OpenMP, our loops run on one thread, which is good enough only for finding faults.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang"
   AND NOT HFC_SANITIZE
   AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  message(FATAL_ERROR
    "A ${CMAKE_BUILD_TYPE} build requires g++, not ${CMAKE_CXX_COMPILER_ID}: compiled with clang, "
    "the project's loops would run on one thread, because LibTorch's OpenMP runtime (libgomp) "
    "does not support clang. Builds with HFC_SANITIZE and Debug builds may use clang.")
endif()

# hfc_sanitize(NAME): compiles and links a target with the sanitizers of HFC_SANITIZE, if any. It
# leaves out four checks of the undefined-behaviour sanitizer. They find only what the address
# sanitizer also finds or what x86 allows, but more than double the compile time (64 instead of 30 s
# for six files of bindings/torch).
function(hfc_sanitize name)
  if(HFC_SANITIZE)
    target_compile_options(${name} PRIVATE
      -fsanitize=${HFC_SANITIZE}
      -fno-sanitize=null,alignment,object-size,vptr
      -fno-omit-frame-pointer)
    target_link_options(${name} PRIVATE -fsanitize=${HFC_SANITIZE})
  endif()
endfunction()

set(HFC_MARCH "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(HFC_MARCH -march=x86-64-v2)
endif()

# hfc_target(NAME): the compile settings of a target that uses ATen.
function(hfc_target name)
  # x86-64-v2 (SSE4.2, 2009) is the minimum; FFTW, LibTorch and our own dispatch choose wider code
  # at run time. On Arm, the compiler's own minimum (ARMv8) has vectors of 128 bits.
  # -fopenmp: without it, at::parallel_for runs serially without a warning.
  # -Wno-restrict, -Wno-stringop-overflow: g++ 12 finds both in std::string's own code (GCC bugs
  # 105329, 105651).
  target_compile_options(${name} PRIVATE
    ${HFC_MARCH}
    $<$<CXX_COMPILER_ID:GNU>:-fopenmp>
    -Wall -Wextra -Wpedantic -Wshadow -Wno-unknown-pragmas
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-stringop-overflow>
    $<$<BOOL:${HFC_WERROR}>:-Werror>)
  hfc_sanitize(${name})
  # Twelve files are compiled as one, because most of a file's compile time is spent on the headers.
  # Names in anonymous namespaces of a directory must therefore differ.
  if(HFC_UNITY AND NOT name STREQUAL hfc-program)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  endif()
  # There is one precompiled header for the program and one for the tests. The tests are compiled
  # without optimisation, because only their compile time matters. The two headers halve the time of
  # a clean build.
  set(headers
    <ATen/ATen.h> <torch/nn/module.h> <nlohmann/json.hpp>
    <algorithm> <cmath> <filesystem> <functional> <memory> <optional>
    <string> <string_view> <vector> <fmt/format.h> <fmt/ranges.h>)
  if(NOT name STREQUAL hfc_base)
    target_link_libraries(${name} PRIVATE LibTorch::LibTorch)
  endif()
  if(name MATCHES "^test_")
    target_compile_options(${name} PRIVATE -O0)
    if(name STREQUAL test_base)
      target_precompile_headers(${name} PRIVATE ${headers} <gmock/gmock.h>)
    else()
      target_precompile_headers(${name} REUSE_FROM test_base)
    endif()
  elseif(name STREQUAL hfc_base)
    target_precompile_headers(${name} PRIVATE ${headers})
  else()
    target_precompile_headers(${name} REUSE_FROM hfc_base)
  endif()
endfunction()
