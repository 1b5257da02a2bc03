// SPDX-License-Identifier: Apache-2.0
// Text from devices ends up in mails: no line of it may become an SMTP command.
#include "base/error.h"
#include "outbound/mail.h"
#include "outbound/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imprint;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto half = size / 2;
  const std::string written = outbound::write_mail(
      {.from = "a@b", .to = {"c@d"}, .subject = text.substr(0, half), .body = text.substr(half)},
      {}, "1");
  std::size_t headers = 0;
  bool is_body = false;
  for (std::size_t at = 0; at < written.size();) {
    const auto end = written.find("\r\n", at);
    IMPRINT_ASSERT(end != std::string::npos);
    const std::string_view line = std::string_view(written).substr(at, end - at);
    IMPRINT_ASSERT(line.size() <= 78 && line.find_first_of("\r\n") == std::string_view::npos);
    IMPRINT_ASSERT(!line.starts_with('.'));
    if (line.empty()) is_body = true;
    if (!is_body && !line.starts_with(' ')) ++headers;
    at = end + 2;
  }
  IMPRINT_ASSERT(is_body && headers == 9);
  if (outbound::check_mail_address(text))
    IMPRINT_ASSERT(text.find_first_of(" \r\n<>,\"") == std::string::npos);
  const auto url = outbound::MailUrl::parse(text);
  if (url) IMPRINT_ASSERT(text.find('@') == std::string::npos || text.find("://") < text.find('@'));
  return 0;
}
