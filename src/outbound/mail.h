// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace imprint::outbound {

/// "name@host" in visible ASCII, without quotes, brackets or commas: nothing that could become a
/// second address or an SMTP command of its own.
Result<void> check_mail_address(std::string_view address);

struct Mail {
  std::string from;             ///< an address that passes check_mail_address(), as in `to`
  std::vector<std::string> to;  ///< at least one
  std::string subject = {};     ///< any text
  std::string body = {};        ///< any text
};

/// The message as it goes over the wire (RFC 5322, RFC 2045): whatever subject and body hold, no
/// header or line of the conversation can come of it. `id` is unique; visible ASCII.
std::string write_mail(const Mail& mail, Timestamp date, std::string_view id);

/// How a mail server is reached.
struct MailServer {
  std::string url;           ///< as MailUrl::parse() takes it
  bool requires_tls = true;  ///< STARTTLS before anything is said; smtps has TLS anyway
  std::string user = {};     ///< empty: none is given
  Secret password = {};
  std::string ca_file = {};  ///< PEM; empty: the system's CAs
};

class Transfers;

/// Hands messages to one mail server (RFC 5321), on a thread of its own. It keeps no time:
/// cancel(). Any thread.
class MailClient {
 public:
  /// An error says why the server did not take the message.
  using Done = std::function<void(Result<void>)>;

  explicit MailClient(MailServer server);
  /// What is under way ends without an answer.
  ~MailClient();
  MailClient(const MailClient&) = delete;
  MailClient& operator=(const MailClient&) = delete;

  /// `number` is the caller's, and of no other message under way. `done` is called once on the
  /// client's thread, unless cancelled.
  void send(std::uint64_t number, const Mail& mail, Timestamp date, Done done);
  void cancel(std::uint64_t number);

 private:
  const std::shared_ptr<const MailServer> server_;
  std::unique_ptr<Transfers> transfers_;
};

}  // namespace imprint::outbound
