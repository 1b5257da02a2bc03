// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/members.h"

/// The names of S3, which AWS IoT uses for the input files of bulk registrations. bulk/uploads.h is
/// stricter: no part of a path may begin with a dot.
namespace imprint::control_api::members {

inline constexpr TextRule kBucketCharacters{
    "[a-zA-Z0-9._-]+",
    [](char c) { return name_rules::is_alnum(c) || c == '.' || c == '_' || c == '-'; },
    "letters, digits, '.', '_' and '-'"};
inline constexpr TextRule kKeyCharacters{
    "[a-zA-Z0-9!_.*'()-\\/]+",
    // In AWS's pattern ')' to '/' is a range, which includes '+', ',' and '-'.
    [](char c) {
      return name_rules::is_alnum(c) || c == '!' || c == '_' || (c >= '\'' && c <= '/');
    },
    "letters, digits, '!', '_', '.', '*', apostrophes, brackets, '+', ',', '-' and '/'"};

constexpr InputInfo s3_bucket(std::string_view member, Location in) {
  return {.name = member,
          .in = in,
          .required = true,
          .least = 3,
          .most = 256,
          .rule = kBucketCharacters};
}
constexpr InputInfo s3_key(std::string_view member, Location in) {
  return {
      .name = member, .in = in, .required = true, .least = 1, .most = 1024, .rule = kKeyCharacters};
}

}  // namespace imprint::control_api::members
