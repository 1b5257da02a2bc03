# SPDX-License-Identifier: Apache-2.0
#
# Headers that most files read, parsed once. Speed only: every file still includes what it uses, and
# `cmake --preset release -DIMPRINT_PRECOMPILED=OFF` builds without them.

option(IMPRINT_PRECOMPILED "Precompile the headers that most files read" ON)

# Of the standard library and of Debian's libraries, for every folder.
set(IMPRINT_COMMON_HEADERS
    <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <mutex> <optional> <set> <span> <string>
    <string_view> <unordered_map> <utility> <variant> <vector>
    <boost/json/value.hpp> <fmt/format.h> <tl/expected.hpp>)
# Of our own, for the folders that use the registry: its variants of records and queries take a second to read.
set(IMPRINT_REGISTRY_HEADERS <registry/store.h>)

# Tests are compiled without optimisation (the code they test keeps it): they are most of the build's time.
set(IMPRINT_TEST_OPTIONS -O0 -U_FORTIFY_SOURCE)

# imprint_precompile(KIND HEADER...): for imprint_compile_fast(TARGET KIND).
function(imprint_precompile kind)
  add_library(imprint_precompiled_${kind} OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_include_directories(imprint_precompiled_${kind} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(imprint_precompiled_${kind} PRIVATE fmt::fmt)
  if(kind MATCHES "test$")
    target_link_libraries(imprint_precompiled_${kind} PRIVATE GTest::gmock)
    target_compile_options(imprint_precompiled_${kind} PRIVATE ${IMPRINT_TEST_OPTIONS})
    list(APPEND ARGN <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  target_precompile_headers(imprint_precompiled_${kind} PRIVATE ${IMPRINT_COMMON_HEADERS} ${ARGN})
endfunction()

if(IMPRINT_PRECOMPILED)
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cc.in "")
  configure_file(${CMAKE_BINARY_DIR}/precompiled.cc.in ${CMAKE_BINARY_DIR}/precompiled.cc COPYONLY)
  imprint_precompile(code)
  imprint_precompile(test)
  imprint_precompile(registry_code ${IMPRINT_REGISTRY_HEADERS})
  imprint_precompile(registry_test ${IMPRINT_REGISTRY_HEADERS})
  imprint_precompile(operations_test <test/support/control_api_world.h>)
endif()

# Under sanitizers, which are built from scratch where everything is tested, several files of one folder are
# compiled together: most of what the compiler reads is the headers. Elsewhere each file by itself shows that it
# includes what it uses, and is compiled alone when it changes.
option(IMPRINT_TOGETHER "Compile several files of a folder together" OFF)

function(imprint_compile_together target)
  if(IMPRINT_TOGETHER)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

# KIND as imprint_precompile() has it: those that end in `test` are for tests.
function(imprint_compile_fast target kind)
  if(kind MATCHES "test$")
    target_compile_options(${target} PRIVATE ${IMPRINT_TEST_OPTIONS})
  endif()
  if(IMPRINT_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM imprint_precompiled_${kind})
  endif()
endfunction()
