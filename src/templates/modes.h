// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// The settings of a template that choose one of several behaviours, with their names in
/// imprint.toml and in a template's settings.
namespace imprint::templates {

/// What to do when a thing that already has a certificate is registered again (template setting
/// `reprovision`).
enum class Reprovision : std::uint8_t {
  /// With the same key: allowed. With another key: allowed only while the old certificate has never
  /// been used, as after a lost answer; the old one is then deactivated in the same transaction.
  same_key,
  /// Allowed. The old certificates in use stay active until the new one first connects and are
  /// deactivated then, so that a lost answer takes no device out of service.
  replace,
  /// Allowed only with an operator's permission for that thing (Thing::reprovision_until), or after
  /// an operator has deactivated or detached the old certificates.
  operator_decides,
  never,  ///< Never allowed.
  aws,    ///< Allowed; the old certificates stay as they are.
};

/// What happens when a device whose certificate was signed by a registered CA first connects
/// (template setting `jitp`).
enum class JitpMode : std::uint8_t {
  inline_registration,  ///< It is provisioned within its CONNECT, and the connection continues.
  aws,                  ///< It is provisioned and disconnected; its next connection is accepted.
};

/// A value of a setting, and its name.
template <class T>
struct Word {
  T value;
  std::string_view text;
};

inline constexpr auto kReprovisions =
    std::to_array<Word<Reprovision>>({{Reprovision::same_key, "same-key"},
                                      {Reprovision::replace, "replace"},
                                      {Reprovision::operator_decides, "operator"},
                                      {Reprovision::never, "never"},
                                      {Reprovision::aws, "aws"}});
inline constexpr auto kJitpModes = std::to_array<Word<JitpMode>>(
    {{JitpMode::inline_registration, "inline"}, {JitpMode::aws, "aws"}});

constexpr std::string_view to_string(Reprovision value) {
  return kReprovisions[static_cast<std::size_t>(value)].text;
}
constexpr std::string_view to_string(JitpMode value) {
  return kJitpModes[static_cast<std::size_t>(value)].text;
}

}  // namespace imprint::templates
