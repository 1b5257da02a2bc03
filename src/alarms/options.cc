// SPDX-License-Identifier: Apache-2.0
#include "alarms/options.h"

#include "outbound/mail.h"
#include "outbound/url.h"

namespace imprint::alarms {

namespace {

Result<void> check_ratio(std::string_view table, const RatioOptions& ratio) {
  if (ratio.below <= ratio.above) return {};
  return fail_at(Fault::invalid, fmt::format("{}.below", table),
                 "{} is more than above = {}, so that the alarm would flap; lower it", ratio.below,
                 ratio.above);
}

Result<void> check_webhook(const WebhookOptions& webhook) {
  const auto refuse = [](std::string_view key, std::string_view because) {
    return fail_at(Fault::invalid, fmt::format("webhook.{}", key), "{}", because);
  };
  if (webhook.url.empty()) {
    if (!webhook.hmac_key_file.empty())
      return refuse("hmac-key-file", "has no effect without url; set url, or remove it");
    if (!webhook.bearer_file.empty())
      return refuse("bearer-file", "has no effect without url; set url, or remove it");
    if (!webhook.ca_file.empty())
      return refuse("ca-file", "has no effect without url; set url, or remove it");
    return {};
  }
  const auto url = outbound::WebUrl::parse(webhook.url);
  if (!url) return refuse("url", url.error().message);
  if (!webhook.ca_file.empty() && !url->is_tls)
    return refuse("ca-file", "is for https URLs only; remove it");
  if (!webhook.bearer_file.empty() && !url->is_tls && !url->is_loopback) {
    return refuse("bearer-file",
                  "would send the token over the network unencrypted; use an https URL");
  }
  return {};
}

Result<void> check_mail(const MailOptions& mail) {
  const auto refuse = [](std::string_view key, std::string_view because) {
    return fail_at(Fault::invalid, fmt::format("mail.{}", key), "{}", because);
  };
  if (mail.server.empty()) {
    if (!mail.to.empty()) return refuse("to", "nobody is notified without server; name one");
    return {};
  }
  const auto url = outbound::MailUrl::parse(mail.server);
  if (!url) return refuse("server", url.error().message);
  if (const auto from = outbound::check_mail_address(mail.from); !from) {
    return refuse("from", mail.from.empty() ? "is missing: set the sender's address"
                                            : std::string_view(from.error().message));
  }
  if (mail.to.empty())
    return refuse("to", "is missing: set the recipients' addresses, for instance [\"ops@...\"]");
  for (const std::string& address : mail.to) {
    if (const auto to = outbound::check_mail_address(address); !to)
      return refuse("to", to.error().message);
  }
  if (mail.user.empty() != mail.password_file.empty()) {
    return refuse(mail.user.empty() ? "password-file" : "user",
                  "user and password-file are required together; set both or neither");
  }
  if (!mail.starttls && !url->is_tls && !mail.user.empty() && !url->is_loopback) {
    return refuse("starttls",
                  "must be true, or the password would cross the network unencrypted; set it to "
                  "true, or use smtps://");
  }
  return {};
}

}  // namespace

Result<void> check(const Options& options) {
  TRY(check_ratio("failure-ratio", options.failure_ratio));
  TRY(check_ratio("hook-failures", options.hook_failures));
  TRY(check_ratio("hook-rejections", options.hook_rejections));
  TRY(check_webhook(options.webhook));
  return check_mail(options.mail);
}

}  // namespace imprint::alarms
