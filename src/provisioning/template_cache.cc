// SPDX-License-Identifier: Apache-2.0
#include "provisioning/template_cache.h"

namespace imprint::provisioning {

Result<templates::Template> TemplateCache::get(const registry::ProvisioningTemplateVersion& version,
                                               templates::Use use) {
  const CacheKey key{version.template_name.str(), version.number, to_milliseconds(version.created),
                     use};
  {
    const std::scoped_lock lock(mutex_);
    const auto it = parsed_.find(key);
    if (it != parsed_.end()) return it->second;
  }
  TRY_ASSIGN(templates::Template parsed, templates::Template::parse(version.body, use));
  const std::scoped_lock lock(mutex_);
  if (parsed_.size() >= kMaxTemplates) parsed_.clear();
  parsed_.insert_or_assign(key, parsed);
  return parsed;
}

}  // namespace imprint::provisioning
