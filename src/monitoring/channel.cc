// SPDX-License-Identifier: Apache-2.0
#include "monitoring/channel.h"

#include "base/file.h"
#include "base/name.h"
#include "outbound/credentials.h"
#include "outbound/mail.h"
#include "outbound/url.h"
#include "outbound/web_client.h"
#include "outbound/web_signature.h"

namespace imprint::monitoring {

namespace {

using alarms::MailOptions;
using alarms::WebhookOptions;

constexpr std::size_t kMaxCaBytes = std::size_t{256} * 1024;

/// Checks that the CA file is readable and returns its path; empty if none is configured.
Result<std::string> ca_file_of(std::string_view key, const std::filesystem::path& directory,
                               const std::string& name) {
  if (name.empty()) return std::string();
  const std::filesystem::path path = directory / name;
  const auto readable = read_file(path, kMaxCaBytes);
  if (!readable)
    return fail_at(readable.error().fault, std::string(key), "{}", readable.error().message);
  return path.string();
}

class LogChannel final : public Channel {
 public:
  explicit LogChannel(telemetry::Log& log) : log_(log) {}
  std::string_view name() const override { return "log"; }
  void send(std::uint64_t, const Message& message, Done done) override {
    const registry::Alarm& alarm = message.alarm;
    const bool is_raised = message.what == Message::What::raised;
    if (is_raised) {
      log_.warning("alarm raised", {{"alarm", alarm.kind},
                                    {"subject", alarm.subject},
                                    {"because", alarm.because},
                                    {"next", alarm.next},
                                    {"id", alarm.id}});
    } else {
      log_.info(fmt::format("alarm {}", to_string(message.what)),
                {{"alarm", alarm.kind},
                 {"subject", alarm.subject},
                 {"because", alarm.resolved ? alarm.resolved_because : alarm.because},
                 {"id", alarm.id}});
    }
    done({});
  }

 private:
  telemetry::Log& log_;
};

class TopicChannel final : public Channel {
 public:
  TopicChannel(Publish publish, Sender sender)
      : publish_(std::move(publish)), sender_(std::move(sender)) {}
  std::string_view name() const override { return "mqtt"; }
  void send(std::uint64_t, const Message& message, Done done) override {
    publish_(std::string(kTopicPrefix) + message.alarm.kind, body_of(message, sender_));
    done({});
  }

 private:
  Publish publish_;
  Sender sender_;
};

class Webhook final : public Channel {
 public:
  Webhook(const WebhookOptions& options, const ChannelParts& parts, std::string ca_file,
          Secret bearer, Secret key)
      : options_(options),
        clock_(parts.clock),
        sender_(parts.sender),
        ca_file_(std::move(ca_file)),
        bearer_(std::move(bearer)),
        key_(std::move(key)) {}

  static Result<std::unique_ptr<Channel>> make(const WebhookOptions& options,
                                               const ChannelParts& parts) {
    Secret bearer;
    Secret key;
    if (!options.bearer_file.empty()) {
      TRY_ASSIGN(bearer, outbound::load_secret("alarms.webhook.bearer-file",
                                               parts.directory / options.bearer_file));
    }
    if (!options.hmac_key_file.empty()) {
      TRY_ASSIGN(key, outbound::load_signing_key("alarms.webhook.hmac-key-file",
                                                 parts.directory / options.hmac_key_file));
    }
    TRY_ASSIGN(std::string ca_file,
               ca_file_of("alarms.webhook.ca-file", parts.directory, options.ca_file));
    return std::make_unique<Webhook>(options, parts, std::move(ca_file), std::move(bearer),
                                     std::move(key));
  }

  std::string_view name() const override { return "webhook"; }
  Seconds timeout() const override { return options_.timeout; }

  void send(std::uint64_t number, const Message& message, Done done) override {
    auto body = std::make_shared<const std::string>(body_of(message, sender_));
    outbound::WebRequest request{
        .url = options_.url,
        .headers = {"Content-Type: application/json",
                    "Imprint-Event: " + fmt::format("{}", to_string(message.what))},
        .body = body,
        .ca_file = ca_file_};
    if (!bearer_.empty()) request.headers.push_back("Authorization: Bearer " + bearer_.reveal());
    if (!key_.empty()) {
      request.headers.push_back("Imprint-Signature: " +
                                outbound::signature_header(key_.reveal(), *body, clock_.now()));
    }
    web_.post(number, std::move(request),
              [url = options_.url, done = std::move(done)](const outbound::WebAnswer& answer) {
                if (answer.status >= 200 && answer.status < 300) return done({});
                done(answer.status == 0
                         ? fail(Fault::unavailable, "{}", answer.problem)
                         : fail(Fault::unavailable, "{} answered {} {}",
                                outbound::without_secrets(url), answer.status, quote(answer.body)));
              });
  }
  void cancel(std::uint64_t number) override { web_.cancel(number); }

 private:
  WebhookOptions options_;
  const Clock& clock_;
  Sender sender_;
  std::string ca_file_;
  Secret bearer_;
  Secret key_;
  outbound::WebClient web_;
};

class MailChannel final : public Channel {
 public:
  MailChannel(const MailOptions& options, const ChannelParts& parts, outbound::MailServer server)
      : options_(options), clock_(parts.clock), sender_(parts.sender), client_(std::move(server)) {}

  static Result<std::unique_ptr<Channel>> make(const MailOptions& options,
                                               const ChannelParts& parts) {
    outbound::MailServer server{
        .url = options.server, .requires_tls = options.starttls, .user = options.user};
    if (!options.password_file.empty()) {
      TRY_ASSIGN(server.password, outbound::load_secret("alarms.mail.password-file",
                                                        parts.directory / options.password_file));
    }
    TRY_ASSIGN(server.ca_file, ca_file_of("alarms.mail.ca-file", parts.directory, options.ca_file));
    return std::make_unique<MailChannel>(options, parts, std::move(server));
  }

  std::string_view name() const override { return "mail"; }
  Seconds timeout() const override { return options_.timeout; }
  void send(std::uint64_t number, const Message& message, Done done) override {
    client_.send(number,
                 {.from = options_.from,
                  .to = options_.to,
                  .subject = subject_of(message, sender_),
                  .body = monitoring::text_of(message, sender_)},
                 clock_.now(), std::move(done));
  }
  void cancel(std::uint64_t number) override { client_.cancel(number); }

 private:
  MailOptions options_;
  const Clock& clock_;
  Sender sender_;
  outbound::MailClient client_;
};

}  // namespace

Result<Channels> make_channels(const alarms::Options& options, const ChannelParts& parts) {
  Channels out;
  if (!options.enabled) return out;
  if (options.log) out.push_back(std::make_unique<LogChannel>(parts.log));
  if (options.topics) out.push_back(std::make_unique<TopicChannel>(parts.publish, parts.sender));
  if (!options.webhook.url.empty()) {
    TRY_ASSIGN(std::unique_ptr<Channel> webhook, Webhook::make(options.webhook, parts));
    out.push_back(std::move(webhook));
  }
  if (!options.mail.server.empty()) {
    TRY_ASSIGN(std::unique_ptr<Channel> mail, MailChannel::make(options.mail, parts));
    out.push_back(std::move(mail));
  }
  return out;
}

}  // namespace imprint::monitoring
