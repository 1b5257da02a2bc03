// SPDX-License-Identifier: Apache-2.0
// imprint.toml: never crashes, and a refusal always says where.
#include "deployment/config.h"

using namespace imprint;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = deployment::Config::parse(as_text({data, size}), "f");
  if (!config) {
    IMPRINT_ASSERT(config.error().fault == Fault::invalid);
    IMPRINT_ASSERT(config.error().where.starts_with("f"));
    IMPRINT_ASSERT(!config.error().message.empty());
    return 0;
  }
  IMPRINT_ASSERT(config->account_id.size() == 12);
  IMPRINT_ASSERT(config->limits.connections > 0);
  IMPRINT_ASSERT(config->certificates.backdate <= issuance::Profile::kMaxBackdate);
  IMPRINT_ASSERT(deployment::ListenAddress::parse(config->listen.mqtt.text()).has_value());
  return 0;
}
