// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// Reads values of imprint.toml strictly. Errors say what is wrong, without file, line and key.
namespace imprint::deployment {

Result<std::string> text_of(const toml::node& node);
Result<std::uint64_t> number_of(const toml::node& node, std::uint64_t low, std::uint64_t high);
Result<std::vector<std::string>> texts_of(const toml::node& node);
/// Text in the format of parse_duration().
Result<Seconds> duration_of(const toml::node& node, Seconds low, Seconds high);

/// The value as people write it, for messages.
std::string shown(const toml::node& node);

struct ConfigFile {
  std::string_view name;
  [[nodiscard]] std::string at(const toml::source_region& source) const;
};

Unexpected wrong(std::string where, const std::string& what);

}  // namespace imprint::deployment
