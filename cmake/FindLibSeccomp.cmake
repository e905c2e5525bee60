# Finds libseccomp and defines LibSeccomp::LibSeccomp. Version 2.5 is needed because it can sort
# filters. Otherwise, every system call would be compared with some seven hundred numbers.
set(LibSeccomp_MINIMUM 2.5)
find_path(LibSeccomp_INCLUDE_DIR seccomp.h)
find_library(LibSeccomp_LIBRARY NAMES seccomp)
if(LibSeccomp_INCLUDE_DIR)
  file(STRINGS ${LibSeccomp_INCLUDE_DIR}/seccomp.h _lines
    REGEX "#define SCMP_VER_(MAJOR|MINOR|MICRO)")
  string(REGEX REPLACE "[^0-9;]" "" _numbers "${_lines}")
  string(REPLACE ";" "." LibSeccomp_VERSION "${_numbers}")
endif()
include(FindPackageHandleStandardArgs)
if(LibSeccomp_VERSION AND LibSeccomp_VERSION VERSION_LESS LibSeccomp_MINIMUM)
  message(STATUS
    "Skipped libseccomp ${LibSeccomp_VERSION}: ${LibSeccomp_MINIMUM} or later is needed")
  set(LibSeccomp_LIBRARY "")
endif()
find_package_handle_standard_args(LibSeccomp
  REQUIRED_VARS LibSeccomp_LIBRARY LibSeccomp_INCLUDE_DIR
  VERSION_VAR LibSeccomp_VERSION)
if(LibSeccomp_FOUND AND NOT TARGET LibSeccomp::LibSeccomp)
  add_library(LibSeccomp::LibSeccomp UNKNOWN IMPORTED)
  set_target_properties(LibSeccomp::LibSeccomp PROPERTIES
    IMPORTED_LOCATION ${LibSeccomp_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${LibSeccomp_INCLUDE_DIR})
endif()
