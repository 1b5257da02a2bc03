# SPDX-License-Identifier: Apache-2.0
#
# Headers of the standard library and of Debian's libraries that most files read, parsed once: one set for
# the code, one more with GoogleTest for its tests. Speed only: every file still includes what it uses, and
# `cmake --preset release -DIMPRINT_PRECOMPILED=OFF` builds without them.

option(IMPRINT_PRECOMPILED "Precompile the headers that most files read" ON)

set(IMPRINT_COMMON_HEADERS
    <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <mutex> <optional> <set> <span> <string>
    <string_view> <unordered_map> <utility> <variant> <vector>
    <boost/json/value.hpp> <fmt/format.h> <tl/expected.hpp>)

# Tests are compiled without optimisation (the code they test keeps it): they are most of the build's time.
set(IMPRINT_TEST_OPTIONS -O0 -U_FORTIFY_SOURCE)

if(IMPRINT_PRECOMPILED)
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cc.in "")
  configure_file(${CMAKE_BINARY_DIR}/precompiled.cc.in ${CMAKE_BINARY_DIR}/precompiled.cc COPYONLY)
  add_library(imprint_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(imprint_precompiled PRIVATE fmt::fmt)
  target_precompile_headers(imprint_precompiled PRIVATE ${IMPRINT_COMMON_HEADERS})
  add_library(imprint_precompiled_test OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(imprint_precompiled_test PRIVATE fmt::fmt GTest::gmock)
  target_compile_options(imprint_precompiled_test PRIVATE ${IMPRINT_TEST_OPTIONS})
  target_precompile_headers(imprint_precompiled_test PRIVATE ${IMPRINT_COMMON_HEADERS} <gmock/gmock.h>
                            <gtest/gtest.h>)
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

# imprint_compile_fast(TARGET): code. imprint_compile_fast(TARGET test): tests.
function(imprint_compile_fast target)
  set(kind imprint_precompiled)
  if(ARGV1 STREQUAL test)
    set(kind imprint_precompiled_test)
    target_compile_options(${target} PRIVATE ${IMPRINT_TEST_OPTIONS})
  endif()
  if(IMPRINT_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM ${kind})
  endif()
endfunction()
