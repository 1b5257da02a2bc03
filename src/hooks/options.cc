// SPDX-License-Identifier: Apache-2.0
#include "hooks/options.h"

#include <array>

#include "base/name.h"
#include "hooks/runtime_address.h"
#include "outbound/url.h"

namespace imprint::hooks {

namespace {

constexpr std::size_t kMaxArnBytes = 2048;

/// A key that applies to some transports only.
struct Particular {
  std::string_view key;
  bool (*is_given)(const HookOptions&);
  bool (*belongs_to)(Transport);
};
constexpr bool is_web(Transport t) { return t == Transport::http || t == Transport::lambda; }
constexpr std::array kParticulars = {
    Particular{"url", [](const HookOptions& o) { return !o.url.empty(); }, is_web},
    Particular{"function", [](const HookOptions& o) { return !o.function.empty(); },
               [](Transport t) { return t == Transport::lambda; }},
    Particular{"listen", [](const HookOptions& o) { return !o.listen.empty(); },
               [](Transport t) { return t == Transport::runtime; }},
    Particular{"command", [](const HookOptions& o) { return !o.command.empty(); },
               [](Transport t) { return t == Transport::command; }},
    Particular{"start-timeout",
               [](const HookOptions& o) { return o.start_timeout != HookOptions().start_timeout; },
               [](Transport t) { return t == Transport::command; }},
    Particular{"ca-file", [](const HookOptions& o) { return !o.ca_file.empty(); }, is_web},
    Particular{"bearer-file", [](const HookOptions& o) { return !o.bearer_file.empty(); }, is_web},
    Particular{"hmac-key-file", [](const HookOptions& o) { return !o.hmac_key_file.empty(); },
               is_web},
};

Result<void> check_web(const HookOptions& options) {
  if (options.url.empty()) {
    return fail_at(Fault::invalid, "url",
                   "is missing; transport \"{}\" needs one, for instance \"http://127.0.0.1:9001\"",
                   to_string(options.transport));
  }
  const auto url = outbound::WebUrl::parse(options.url);
  if (!url) return fail_at(Fault::invalid, "url", "{}", url.error().message);
  if (!options.ca_file.empty() && !url->is_tls) {
    return fail_at(Fault::invalid, "ca-file",
                   "is for https URLs only, and {} is not one; remove ca-file or use an https URL",
                   quote(options.url));
  }
  if (!options.bearer_file.empty() && !url->is_tls && !url->is_loopback) {
    return fail_at(Fault::invalid, "bearer-file",
                   "would send the token unencrypted over the network to {}; use an https URL",
                   quote(options.url));
  }
  return {};
}

}  // namespace

std::string_view to_string(Transport transport) {
  switch (transport) {
    case Transport::http:
      return "http";
    case Transport::lambda:
      return "lambda";
    case Transport::runtime:
      return "runtime";
    case Transport::command:
      return "command";
  }
  return "";
}

Result<void> check(const HookOptions& options) {
  if (options.arn.empty() || options.arn.size() > kMaxArnBytes) {
    return fail_at(
        Fault::invalid, "arn",
        "{}; give the targetArn of the templates' hooks, with * for any run of "
        "characters, for instance \"arn:aws:lambda:*:*:function:pre-provision\"",
        options.arn.empty() ? "is missing" : fmt::format("has more than {} bytes", kMaxArnBytes));
  }
  for (const Particular& one : kParticulars) {
    if (one.is_given(options) && !one.belongs_to(options.transport)) {
      return fail_at(Fault::invalid, std::string(one.key),
                     "has no effect for transport \"{}\"; remove it", to_string(options.transport));
    }
  }
  switch (options.transport) {
    case Transport::http:
    case Transport::lambda:
      return check_web(options);
    case Transport::runtime: {
      const auto address = RuntimeAddress::parse(options.listen);
      if (!address) return fail_at(Fault::invalid, "listen", "{}", address.error().message);
      return {};
    }
    case Transport::command:
      if (options.command.empty() || options.command.front().empty()) {
        return fail_at(Fault::invalid, "command",
                       "is missing; transport \"command\" needs the program and its arguments, "
                       "for instance [\"node\", \"hook.mjs\"]");
      }
      return {};
  }
  return {};
}

bool matches(std::string_view pattern, std::string_view arn) {
  std::size_t p = 0;
  std::size_t a = 0;
  std::size_t star = std::string_view::npos;  // the last * seen, and the end of its match
  std::size_t taken = 0;
  while (a < arn.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = a;
    } else if (p < pattern.size() && pattern[p] == arn[a]) {
      ++p;
      ++a;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      a = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace imprint::hooks
