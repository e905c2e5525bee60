# cmake --install build/release --prefix DIR: a directory that can be moved, except for LibTorch,
# which stays where it was found.
#   bin/hfc-host
#   lib/hfc-host/ (the program, and what it loads on demand)
#   share/hfc-host/scripts
#   share/doc/hfc-host
# The build uses the same RPATH as the installation. If CMake had to change the RPATH while
# installing, it would end the build's RPATH with an empty entry, which means the current directory
# to the loader.
set_target_properties(hfc-program PROPERTIES
  INSTALL_RPATH "${LibTorch_LIBRARY_DIR}"
  BUILD_WITH_INSTALL_RPATH ON)
install(TARGETS hfc-host RUNTIME DESTINATION ${HFC_BIN_FOLDER})
install(TARGETS hfc-program hfc-evidence RUNTIME DESTINATION ${HFC_LIB_FOLDER})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/scripts/
  DESTINATION ${CMAKE_INSTALL_DATADIR}/hfc-host/scripts
  FILES_MATCHING PATTERN *.lua PATTERN *.json PATTERN *.txt)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/README.md
  DESTINATION ${CMAKE_INSTALL_DOCDIR}
  OPTIONAL)
