// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "registry/store.h"

/// The rules by which every store accepts or refuses a change, so that all stores behave alike.
namespace imprint::registry {

struct Touched {
  Key key;
  Expect expect;
};

/// The record that a change concerns, if any.
std::optional<Touched> touched_by(const Change& change);

/// Audit events are appended and removed, never put or erased, and only the store itself writes the
/// trail's record: Fault::internal for any other change.
Result<void> check_append_only(const Change& change);

/// `found` is the stored record's version, if there is one.
Result<void> check_expectation(const Key& key, Expect expect, std::optional<std::int64_t> found);

/// `certificates` and `tombstones` are the first RequireSame::kMost that are stored.
Result<void> check_same(const RequireSame& expected, const Page& certificates,
                        const Page& tombstones);

Result<void> check_count(const Count& count, std::int64_t found);

}  // namespace imprint::registry
