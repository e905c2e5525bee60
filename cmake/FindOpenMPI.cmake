# Finds OpenMPI's C library and defines OpenMPI::OpenMPI. CMake's own FindMPI is not used: it
# requires the language C or links the C++ bindings.
find_path(OpenMPI_INCLUDE mpi.h PATH_SUFFIXES openmpi ${CMAKE_LIBRARY_ARCHITECTURE}/openmpi)
find_library(OpenMPI_LIBRARY mpi PATH_SUFFIXES openmpi/lib)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenMPI REQUIRED_VARS OpenMPI_LIBRARY OpenMPI_INCLUDE)
if(OpenMPI_FOUND AND NOT TARGET OpenMPI::OpenMPI)
  add_library(OpenMPI::OpenMPI UNKNOWN IMPORTED)
  set_target_properties(OpenMPI::OpenMPI PROPERTIES
    IMPORTED_LOCATION ${OpenMPI_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${OpenMPI_INCLUDE}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${OpenMPI_INCLUDE})
endif()
