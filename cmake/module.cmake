# SPDX-License-Identifier: Apache-2.0
#
# imprint_module(NAME policy USES base encoding [LINKS OpenSSL::Crypto ...])
#
# One folder, one static library imprint_<name>, one namespace. The suffix of a file picks its target:
#   x.cc -> the library, x_test.cc -> <name>_test, x_fuzz.cc -> <name>_<x>_fuzz, x_bench.cc -> <name>_bench.
# USES names the folders whose headers this one may include; tools/check_layers holds every include to it.
# APART: its files have names in common in their unnamed namespaces, so each is compiled by itself everywhere.

include(GoogleTest)

function(imprint_module)
  cmake_parse_arguments(M "APART" "NAME" "USES;LINKS;TEST_USES" ${ARGN})
  get_filename_component(folder ${M_NAME} NAME)
  string(REPLACE "/" "_" target ${M_NAME})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${M_NAME}/*.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")

  # Which precompiled headers they read (precompiled.cmake).
  set(code code)
  set(test test)
  if("registry" IN_LIST M_USES OR M_NAME STREQUAL "registry")
    set(code registry_code)
    set(test registry_test)
  endif()
  if("control_api_world" IN_LIST M_TEST_USES)
    set(test operations_test)
  endif()

  if(sources)
    add_library(imprint_${target} STATIC ${sources})
    imprint_compile_fast(imprint_${target} ${code})
    if(NOT M_APART)
      imprint_compile_together(imprint_${target})
    endif()
    set(scope PUBLIC)
  else()
    add_library(imprint_${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  list(TRANSFORM M_USES REPLACE "/" "_")
  list(TRANSFORM M_USES PREPEND imprint_ OUTPUT_VARIABLE uses)
  target_link_libraries(imprint_${target} ${scope} ${uses} ${M_LINKS})
  target_include_directories(imprint_${target} ${scope} ${PROJECT_SOURCE_DIR}/src)

  list(TRANSFORM M_TEST_USES REPLACE "/" "_")
  list(TRANSFORM M_TEST_USES PREPEND imprint_ OUTPUT_VARIABLE test_uses)
  if(M_NAME STREQUAL registry OR "registry" IN_LIST M_USES)
    list(APPEND test_uses imprint_test_support)
  endif()
  if(tests)
    add_executable(${target}_test ${tests})
    imprint_compile_fast(${target}_test ${test})
    target_link_libraries(${target}_test imprint_${target} ${test_uses} GTest::gmock GTest::gtest_main)
    target_include_directories(${target}_test PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_definitions(${target}_test PRIVATE IMPRINT_TEST_DIR="${PROJECT_SOURCE_DIR}/test")
    gtest_discover_tests(${target}_test DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 300 LABELS unit)
  endif()

  if(IMPRINT_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(stem ${fuzzer} NAME_WE)
      add_executable(${target}_${stem} ${fuzzer})
      target_link_libraries(${target}_${stem} imprint_${target} ${test_uses})
      target_include_directories(${target}_${stem} PRIVATE ${PROJECT_SOURCE_DIR})
      target_link_options(${target}_${stem} PRIVATE -fsanitize=fuzzer)
      set_target_properties(${target}_${stem} PROPERTIES
                            RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    endforeach()
  endif()

  if(benches AND NOT IMPRINT_SANITIZE)
    find_package(benchmark REQUIRED)
    add_executable(${target}_bench EXCLUDE_FROM_ALL ${benches})
    target_link_libraries(${target}_bench imprint_${target} ${test_uses} benchmark::benchmark_main)
    target_include_directories(${target}_bench PRIVATE ${PROJECT_SOURCE_DIR})
  endif()
endfunction()
