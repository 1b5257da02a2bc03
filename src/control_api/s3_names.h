// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/members.h"

/// How S3's names are written, which AWS IoT uses for the input files of bulk registrations.
/// bulk/uploads.h is stricter: a part of a path may not begin with a dot.
namespace imprint::control_api::members {

inline constexpr TextRule kBucketCharacters{
    "[a-zA-Z0-9._-]+",
    [](char c) { return name_rules::is_alnum(c) || c == '.' || c == '_' || c == '-'; },
    "letters, digits, '.', '_' and '-'"};
inline constexpr TextRule kKeyCharacters{
    "[a-zA-Z0-9!_.*'()-\\/]+",
    // From ')' to '/' is a range in AWS's pattern: it takes in '+', ',' and '-' too.
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
