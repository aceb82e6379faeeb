# install.cmake: what `cmake --install` copies: the headers, both libraries, how CMake and
# pkg-config find them; margin_mpi, where it is built; and the programs.
include(CMakePackageConfigHelpers)

install(FILES ${PROJECT_SOURCE_DIR}/include/margin.h ${PROJECT_SOURCE_DIR}/include/margin.hpp
  ${PROJECT_SOURCE_DIR}/include/margin_shards.h ${PROJECT_SOURCE_DIR}/include/margin_update.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(TARGETS margin margin_shared EXPORT margin
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/margin)
install(EXPORT margin NAMESPACE margin:: FILE margin-targets.cmake DESTINATION ${package}
  COMPONENT development)
configure_file(${PROJECT_SOURCE_DIR}/cmake/margin-config.cmake
  ${PROJECT_BINARY_DIR}/margin-config.cmake COPYONLY)
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

if(TARGET margin_mpi)
  install(FILES ${PROJECT_SOURCE_DIR}/include/margin_mpi.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT mpi)
  install(TARGETS margin_mpi EXPORT margin_mpi
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT mpi)
  install(EXPORT margin_mpi NAMESPACE margin:: FILE margin-mpi-targets.cmake
    DESTINATION ${package} COMPONENT mpi)
  # What the compiler wrapper of the MPI at hand would say.
  set(mpi_flags "")
  foreach(folder IN LISTS MPI_C_INCLUDE_DIRS)
    string(APPEND mpi_flags " -I${folder}")
  endforeach()
  string(REPLACE ";" " " mpi_libraries "${MPI_C_LIBRARIES}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/margin_mpi.pc.in ${PROJECT_BINARY_DIR}/margin_mpi.pc
    @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/margin_mpi.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
    COMPONENT mpi)
endif()

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documents)

# The programs, with a page of the manual for each, which they write themselves, and the completion
# of shells, which asks them.
function(install_page name component program)
  set(page ${PROJECT_BINARY_DIR}/man/${name}.1)
  add_custom_command(OUTPUT ${page} COMMAND ${program} ${ARGN} --help=man > ${page}
    DEPENDS ${program} VERBATIM)
  target_sources(margin_manual PRIVATE ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${component})
endfunction()
function(install_completion name component)
  set(from ${PROJECT_SOURCE_DIR}/cli/completion)
  install(FILES ${from}/margin.bash RENAME ${name} COMPONENT ${component}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${from}/margin.fish RENAME ${name}.fish COMPONENT ${component}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endfunction()

if(TARGET margin_command)
  add_custom_target(margin_manual ALL)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man)
  install(TARGETS margin_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
  install_page(margin command margin_command)
  foreach(name eval angles verify identify advise reshard info check-results)
    install_page(margin-${name} command margin_command ${name})
  endforeach()
  install_completion(margin command)
  set(checker ${CMAKE_INSTALL_DATADIR}/margin)
  install(FILES ${PROJECT_SOURCE_DIR}/scripts/run_files.py DESTINATION ${checker}/scripts
    COMPONENT command)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/scripts/check_results DESTINATION ${checker}/scripts
    COMPONENT command FILES_MATCHING PATTERN *.py PATTERN __pycache__ EXCLUDE)
  install(FILES ${PROJECT_SOURCE_DIR}/results/schema.json DESTINATION ${checker}/results
    COMPONENT command)
  install(FILES ${PROJECT_SOURCE_DIR}/cli/completion/_margin COMPONENT command
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  foreach(driver bench_speed bench_stability bench_separation bench_kernels
      bench_scale)
    if(TARGET ${driver})
      install(TARGETS ${driver} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT drivers)
      install_page(${driver} drivers ${driver})
      install_completion(${driver} drivers)
    endif()
  endforeach()
endif()
