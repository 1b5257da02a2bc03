// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <tuple>

#include "registry/records.h"
#include "templates/template.h"

namespace imprint::provisioning {

/// Parsed templates by name, version and the version's creation time (a name may be used again).
/// A version's body never changes, so nothing is ever invalidated. Bounded. Any thread.
class TemplateCache {
 public:
  Result<templates::Template> get(const registry::ProvisioningTemplateVersion& version,
                                  templates::Use use);

 private:
  static constexpr std::size_t kMaxTemplates = 512;
  using CacheKey = std::tuple<std::string, std::int64_t, std::int64_t, templates::Use>;

  std::mutex mutex_;
  std::map<CacheKey, templates::Template> parsed_;
};

}  // namespace imprint::provisioning
