// SPDX-License-Identifier: Apache-2.0
// Lines of an archive come from files that others may have changed.
#include "audit/archive_line.h"
#include "audit/chain_check.h"
#include "audit/syslog.h"
#include "audit/verify.h"
#include "base/error.h"

using namespace imprint;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto header = audit::parse_header(text)) {
    std::string line = audit::write_header(*header);
    IMPRINT_ASSERT(line.ends_with('\n'));
    line.pop_back();
    IMPRINT_ASSERT(audit::parse_header(line) == *header);
  }
  if (const auto event = audit::parse_event(text)) {
    std::string line = audit::write_event(*event);
    IMPRINT_ASSERT(line.find('\n') == line.size() - 1);
    line.pop_back();
    const auto again = audit::parse_event(line);
    IMPRINT_ASSERT(again.has_value() && *again == *event);
    audit::ChainCheck check(registry::ChainPlace{event->sequence - 1, {}});
    check.take(*event);
    IMPRINT_ASSERT(check.finish().has_value() == (check.checked() == 0));
    const std::string message = audit::to_syslog(*event, "host");
    for (const char c : message) IMPRINT_ASSERT(c < 0 || (c >= 0x20 && c != 0x7F));
    IMPRINT_ASSERT(message.starts_with(audit::to_datagram(*event, "host")));
  }
  if (const auto place = audit::parse_place(text))
    IMPRINT_ASSERT(audit::parse_place(audit::to_string(*place)) == *place);
  return 0;
}
