# margin_kernel_cases: the runners of every kernel, for the tests and for bench_kernels.
include_guard(GLOBAL)
set(cases ${CMAKE_CURRENT_LIST_DIR})
add_library(margin_kernel_cases OBJECT ${cases}/packing.c ${cases}/pairs.c ${cases}/planes.c
  ${cases}/products.c ${cases}/terms.c ${cases}/trial.c)
target_include_directories(margin_kernel_cases PUBLIC ${PROJECT_SOURCE_DIR}/include
  ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(margin_kernel_cases PRIVATE margin_warnings)
