# Finds LibTorch inside a PyTorch wheel and defines LibTorch::LibTorch (the CPU libraries; CUDA is
# loaded at run time).
#
# Searches in this order: -DHFC_TORCH_DIR, the active Python's torch, the project's own environment
# made by tools/setup.
# The wheel's own CMake package is not used: it requires a CUDA toolkit and links libtorch_cuda,
# which doubles the start-up time.
set(LibTorch_MINIMUM 2.11)

function(_hfc_torch_version dir out)
  set(${out} "" PARENT_SCOPE)
  if(EXISTS ${dir}/version.py
     AND EXISTS ${dir}/lib/libtorch_cpu.so
     AND EXISTS ${dir}/include/ATen/ATen.h)
    file(STRINGS ${dir}/version.py line REGEX "^__version__ *=")
    if(line MATCHES "'([0-9.]+)")
      set(${out} ${CMAKE_MATCH_1} PARENT_SCOPE)
    endif()
  endif()
endfunction()

set(_candidates ${HFC_TORCH_DIR})
if(NOT _candidates)
  string(CONCAT _program
    "import importlib.util as u; s = u.find_spec('torch'); "
    "print(s.submodule_search_locations[0] if s else '')")
  execute_process(
    COMMAND python3 -c "${_program}"
    OUTPUT_VARIABLE _active
    OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET)
  file(GLOB _own ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
  set(_candidates ${_active} ${_own})
endif()

set(LibTorch_DIR_FOUND "")
foreach(_dir IN LISTS _candidates)
  _hfc_torch_version(${_dir} _version)
  if(_version AND _version VERSION_GREATER_EQUAL LibTorch_MINIMUM)
    set(LibTorch_DIR_FOUND ${_dir})
    set(LibTorch_VERSION ${_version})
    break()
  elseif(_version)
    message(STATUS
      "Skipped PyTorch ${_version} in ${_dir}: ${LibTorch_MINIMUM} or later is needed")
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
string(CONCAT _reason
  "no PyTorch >= ${LibTorch_MINIMUM} with its headers - run tools/setup, "
  "or set -DHFC_TORCH_DIR=.../site-packages/torch")
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_DIR_FOUND
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "${_reason}")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  set(_lib ${LibTorch_DIR_FOUND}/lib)
  set(_include ${LibTorch_DIR_FOUND}/include)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  set_target_properties(LibTorch::LibTorch PROPERTIES
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${_include};${_include}/torch/csrc/api/include"
    INTERFACE_INCLUDE_DIRECTORIES "${_include};${_include}/torch/csrc/api/include"
    # The wheel's own OpenMP runtime, because a second one would bring a second pool of threads.
    INTERFACE_LINK_LIBRARIES "${_lib}/libtorch_cpu.so;${_lib}/libc10.so;${_lib}/libgomp.so.1"
    INTERFACE_LINK_OPTIONS "LINKER:--allow-shlib-undefined")
  set(LibTorch_LIBRARY_DIR ${_lib})
  # The version of fmt for which core/base/fmt.cpp is written.
  set(_known_fmt 12)
  set(_fmt "")
  if(EXISTS ${LibTorch_DIR_FOUND}/include/fmt/base.h)
    file(STRINGS ${LibTorch_DIR_FOUND}/include/fmt/base.h _fmt REGEX "^#define FMT_VERSION [0-9]+")
  endif()
  if(NOT _fmt MATCHES "FMT_VERSION ${_known_fmt}[0-9][0-9][0-9][0-9]$")
    message(STATUS
      "LibTorch includes a version of fmt other than ${_known_fmt}: it is compiled into every "
      "file, which slows down the build")
    set_property(TARGET LibTorch::LibTorch
      APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY)
  endif()
endif()
