# packages.cmake: what `cpack` makes in the build folder: .deb packages (the library, what programs
# are built with, the command) and one .tar.gz of everything. For Debian configure with
# -DCMAKE_INSTALL_PREFIX=/usr, so that libraries go where they lie there; docs/embedding.md has the
# whole command line.
set(MARGIN_MAINTAINER "the margin developers <margin@example.org>" CACHE STRING
  "who packages: NAME <ADDRESS>")
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_VENDOR "the margin developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "softmax losses with margins, for CPUs")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
string(TOLOWER ${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR} system)
set(CPACK_PACKAGE_FILE_NAME margin-${PROJECT_VERSION}-${system})
set(CPACK_STRIP_FILES ON)

set(CPACK_COMPONENTS_ALL library development)
if(TARGET margin_command)
  list(APPEND CPACK_COMPONENTS_ALL command)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${MARGIN_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian.cmake)

set(soname ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libmargin${soname})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "Loss and gradients of Softmax, NormSoftmax,
SphereFace, CosFace and ArcFace, with AVX2, AVX-512 or NEON, the same bits
on each of them and for any number of threads. This is the shared library.")
file(WRITE ${PROJECT_BINARY_DIR}/debian/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/triggers)

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libmargin-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libmargin${soname} (= ${PROJECT_VERSION}), libc6-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "What programs are built with:
headers for C and C++, the static library, files for CMake and pkg-config.")

set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME margin)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION science)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SUGGESTS "python3-jsonschema") # margin check-results
set(CPACK_COMPONENT_COMMAND_DESCRIPTION "Loss, accuracy, angles, verification
and identification of embeddings in files of NumPy, by one command.")
include(CPack)
