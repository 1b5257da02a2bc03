// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "provisioning/settings.h"
#include "registry/store.h"

/// A template's own settings (docs/gatekeeper.md has the table): those that override [templates] in
/// imprint.toml, and the gatekeeper's rules.
namespace imprint::provisioning {

inline constexpr std::size_t kMaxTemplateSettings = 128;

/// The value of `allowlist` for a template without a list, although the deployment names one.
inline constexpr std::string_view kNoList = "none";

/// Fault::invalid with the key in `where`; the message names the value and what is allowed.
Result<void> check_template_settings(const registry::TemplateSettings& settings);

/// What holds for a template: its own settings, and the deployment's where it has none.
/// Fault::internal for stored settings that this version cannot read: then nobody can register.
Result<Settings> settings_of(const Settings& deployment,
                             const registry::TemplateSettings& settings);

/// The same for the template that a claim is bound to; the deployment's if there is none.
registry::Task<Result<Settings>> settings_of_claim(registry::Store& store, Settings deployment,
                                                   std::optional<TemplateName> claim_template);

/// One line of `imprint template show`.
struct SettingInForce {
  std::string key;
  std::string value;
  bool is_own = false;  ///< the template's; otherwise the deployment's
};
/// The settings that have a default in the deployment, followed by the template's other rules.
Result<std::vector<SettingInForce>> settings_in_force(const Settings& deployment,
                                                      const registry::TemplateSettings& settings);

}  // namespace imprint::provisioning
