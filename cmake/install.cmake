# install.cmake: what `cmake --install` copies: the headers, both libraries, and how CMake and
# pkg-config find them.
include(CMakePackageConfigHelpers)

install(FILES ${PROJECT_SOURCE_DIR}/include/margin.h ${PROJECT_SOURCE_DIR}/include/margin.hpp
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(TARGETS margin margin_shared EXPORT margin
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/margin)
install(EXPORT margin NAMESPACE margin:: FILE margin-targets.cmake DESTINATION ${package}
  COMPONENT development)
file(WRITE ${PROJECT_BINARY_DIR}/margin-config.cmake
  "include(\${CMAKE_CURRENT_LIST_DIR}/margin-targets.cmake)\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/margin-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/margin-config.cmake
  ${PROJECT_BINARY_DIR}/margin-config-version.cmake DESTINATION ${package} COMPONENT development)

# The libraries that a static libmargin needs, as the linker takes them.
set(private_libraries -lm)
foreach(library IN LISTS threads_libraries)
  if(NOT library MATCHES "^-")
    string(PREPEND library -l)
  endif()
  string(APPEND private_libraries " ${library}")
endforeach()
# From where the .pc file lies to the prefix: an installed tree may be moved.
file(RELATIVE_PATH to_prefix ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig
  ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/margin.pc.in ${PROJECT_BINARY_DIR}/margin.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/margin.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development)

if(TARGET margin_command)
  install(TARGETS margin_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
endif()
