// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "registry/store.h"

/// The rules by which every store accepts or refuses a change, so that they answer alike.
namespace imprint::registry {

struct Touched {
  Key key;
  Expect expect;
};

/// The record that a change is about, if it is about one.
std::optional<Touched> touched_by(const Change& change);

/// Audit events are appended and forgotten, never put or erased, and where the trail stands is the
/// store's own: Fault::internal for a change that says otherwise.
Result<void> check_append_only(const Change& change);

/// `found` is the stored record's version, if there is one.
Result<void> check_expectation(const Key& key, Expect expect, std::optional<std::int64_t> found);

/// `certificates` and `tombstones` are the first RequireSame::kMost that are stored.
Result<void> check_same(const RequireSame& expected, const Page& certificates,
                        const Page& tombstones);

Result<void> check_count(const Count& count, std::int64_t found);

}  // namespace imprint::registry
