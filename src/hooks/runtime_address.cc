// SPDX-License-Identifier: Apache-2.0
#include "hooks/runtime_address.h"

#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "base/name.h"

namespace imprint::hooks {

Result<RuntimeAddress> RuntimeAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  std::string_view host = text.substr(0, std::min(colon, text.size()));
  const std::string_view digits =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  std::uint16_t port = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool is_port =
      !digits.empty() && bad == std::errc() && end == digits.data() + digits.size();
  if (error || address.is_v6() != brackets || !is_port) {
    return fail(Fault::invalid,
                "{} is not ADDRESS:PORT; write for instance \"127.0.0.1:9002\" or \"[::1]:9002\"",
                quote(text));
  }
  if (!address.is_loopback()) {
    return fail(Fault::invalid,
                "{} can be reached from other machines, and anyone who reaches the Runtime API "
                "decides which devices get in; listen on 127.0.0.1 or [::1]",
                quote(text));
  }
  return RuntimeAddress{std::string(host), port};
}

}  // namespace imprint::hooks
