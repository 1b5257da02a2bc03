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

/// The message in its wire format (RFC 5322, RFC 2045): whatever subject and body contain, they
/// cannot become a header or an SMTP command. `id` is unique; visible ASCII.
std::string write_mail(const Mail& mail, Timestamp date, std::string_view id);

/// The address and credentials of a mail server.
struct MailServer {
  std::string url;           ///< as MailUrl::parse() takes it
  bool requires_tls = true;  ///< STARTTLS before anything is sent; smtps always has TLS
  std::string user = {};     ///< empty: no login
  Secret password = {};
  std::string ca_file = {};  ///< PEM; empty: the system's CAs
};

class Transfers;

/// Sends messages to one mail server (RFC 5321), on a thread of its own. It has no time-outs: the
/// caller cancels. Any thread.
class MailClient {
 public:
  /// An error says why the server did not accept the message.
  using Done = std::function<void(Result<void>)>;

  explicit MailClient(MailServer server);
  /// Requests in progress end without an answer.
  ~MailClient();
  MailClient(const MailClient&) = delete;
  MailClient& operator=(const MailClient&) = delete;

  /// The caller chooses `number`, which no other message in progress may have. `done` is called
  /// once on the client's thread, unless cancelled.
  void send(std::uint64_t number, const Mail& mail, Timestamp date, Done done);
  void cancel(std::uint64_t number);

 private:
  const std::shared_ptr<const MailServer> server_;
  std::unique_ptr<Transfers> transfers_;
};

}  // namespace imprint::outbound
