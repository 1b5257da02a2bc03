// SPDX-License-Identifier: Apache-2.0
#include "outbound/mail.h"

#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/ranges.h>

#include "base/name.h"
#include "encoding/text.h"
#include "outbound/transfers.h"

namespace imprint::outbound {

namespace {

constexpr std::size_t kMaxAddressBytes = 254;  // RFC 5321 section 4.5.3.1.3, less the brackets
constexpr std::size_t kMaxSubjectBytes = 400;
constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// The longest beginning of at most `most` bytes that ends at a UTF-8 character boundary.
std::string_view head_of(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && is_continuation(text[end])) --end;
  return text.substr(0, end == 0 ? most : end);
}

/// RFC 2047 encoded-words: no part of the text appears in the header unencoded.
std::string encode_subject(std::string_view subject) {
  constexpr std::size_t kBytesOfWord = 42;  // 56 characters of base64, plus 12 around them
  std::string out;
  std::string_view left = head_of(subject, kMaxSubjectBytes);
  while (!left.empty()) {
    const std::string_view word = head_of(left, kBytesOfWord);
    out += fmt::format("{}=?utf-8?B?{}?=", out.empty() ? "" : "\r\n ",
                       encoding::to_base64(as_bytes(word)));
    left.remove_prefix(word.size());
  }
  return out;
}

/// Lines of base64 (RFC 2045 section 6.8), so that no line of the body begins with a dot.
std::string encode_body(std::string_view body) {
  constexpr std::size_t kLine = 76;
  const std::string all = encoding::to_base64(as_bytes(head_of(body, kMaxBodyBytes)));
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += kLine) out += all.substr(at, kLine) + "\r\n";
  return out;
}

class Submission final : public Transfer {
 public:
  Submission(std::shared_ptr<const MailServer> server, const Mail& mail, std::string message,
             MailClient::Done done)
      : server_(std::move(server)), message_(std::move(message)), done_(std::move(done)) {
    from_ = fmt::format("<{}>", mail.from);
    std::vector<std::string> to;
    for (const std::string& address : mail.to) to.push_back(fmt::format("<{}>", address));
    to_ = make_list(to);
  }

  void prepare() override {
    set(easy(), CURLOPT_URL, server_->url.c_str());
    set(easy(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(easy(), CURLOPT_USE_SSL,
        static_cast<long>(server_->requires_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (!server_->user.empty()) {
      set(easy(), CURLOPT_USERNAME, server_->user.c_str());
      set(easy(), CURLOPT_PASSWORD, server_->password.reveal().c_str());
    }
    set(easy(), CURLOPT_MAIL_FROM, from_.c_str());
    set(easy(), CURLOPT_MAIL_RCPT, to_.get());
    // One invalid address must not keep the other recipients from being notified.
    set(easy(), CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    set(easy(), CURLOPT_UPLOAD, 1L);
    set(easy(), CURLOPT_READFUNCTION, &give);
    set(easy(), CURLOPT_READDATA, this);
    set(easy(), CURLOPT_FRESH_CONNECT, 1L);  // a kept connection is stale by the next alarm
    set(easy(), CURLOPT_FORBID_REUSE, 1L);
    trust(server_->ca_file);
  }

  void conclude(CURLcode code) override {
    if (code == CURLE_OK) return done_({});
    done_(fail(Fault::unavailable, "{}: {}", quote(server_->url), problem_of(code)));
  }

 private:
  static std::size_t give(char* into, std::size_t, std::size_t most, void* context) {
    auto& self = *static_cast<Submission*>(context);
    const std::size_t size = std::min(most, self.message_.size() - self.given_);
    std::copy_n(self.message_.data() + self.given_, size, into);
    self.given_ += size;
    return size;
  }

  std::shared_ptr<const MailServer> server_;
  std::string message_;
  std::size_t given_ = 0;
  MailClient::Done done_;
  std::string from_;
  CurlList to_;
};

}  // namespace

Result<void> check_mail_address(std::string_view address) {
  const bool is_plain = std::ranges::all_of(address, [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("<>()[]\\,;:\"").find(c) == std::string::npos;
  });
  const auto at = address.find('@');
  if (is_plain && address.size() <= kMaxAddressBytes && at != std::string_view::npos && at > 0 &&
      at + 1 < address.size() && address.find('@', at + 1) == std::string_view::npos)
    return {};
  return fail(Fault::invalid,
              "{} is not a plain mail address; write for instance \"ops@example.net\"",
              quote(address));
}

std::string write_mail(const Mail& mail, Timestamp date, std::string_view id) {
  return fmt::format(
      "Date: {:%a, %d %b %Y %H:%M:%S +0000}\r\n"
      "From: <{}>\r\n"
      "To: <{}>\r\n"
      "Message-ID: <{}@imprint.invalid>\r\n"
      "Subject: {}\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\n"
      "Auto-Submitted: auto-generated\r\n"
      "\r\n"
      "{}",
      fmt::gmtime(std::chrono::system_clock::to_time_t(date)), mail.from,
      fmt::join(mail.to, ">,\r\n <"), id, encode_subject(mail.subject), encode_body(mail.body));
}

MailClient::MailClient(MailServer server)
    : server_(std::make_shared<const MailServer>(std::move(server))),
      transfers_(std::make_unique<Transfers>()) {}
MailClient::~MailClient() = default;

void MailClient::send(std::uint64_t number, const Mail& mail, Timestamp date, Done done) {
  const std::string id = fmt::format("{:x}.{:x}", to_milliseconds(date), number);
  transfers_->start(number, std::make_unique<Submission>(server_, mail, write_mail(mail, date, id),
                                                         std::move(done)));
}

void MailClient::cancel(std::uint64_t number) { transfers_->cancel(number); }

}  // namespace imprint::outbound
