// SPDX-License-Identifier: Apache-2.0
#include "registry/store.h"

namespace imprint::registry {

Change::Change(const Change& other) = default;
Change::Change(Change&& other) noexcept = default;
Change& Change::operator=(const Change& other) = default;
Change& Change::operator=(Change&& other) noexcept = default;
Change::~Change() = default;

Query::Query(const Query& other) = default;
Query::Query(Query&& other) noexcept = default;
Query& Query::operator=(const Query& other) = default;
Query& Query::operator=(Query&& other) noexcept = default;
Query::~Query() = default;

}  // namespace imprint::registry
