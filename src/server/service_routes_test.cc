// SPDX-License-Identifier: Apache-2.0
#include "server/service_routes.h"

#include <gmock/gmock.h>

#include "issuance/signer.h"
#include "test/support/fake_clock.h"
#include "test/support/gated_store.h"
#include "test/support/memory_store.h"
#include "test/support/quiet_log.h"
#include "test/support/test_ca.h"

namespace imprint::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Readiness : public testing::Test {
 protected:
  rest::HttpResponse ask() {
    return runtime::run_blocking(routes_.answer(
        {.method = "GET", .target = "/readyz", .headers = {}, .body = {}, .source_ip = {}}));
  }
  std::int64_t commits() {
    const auto found = *runtime::run_blocking(memory_.find(
        {registry::key_of(registry::Record(registry::Counter{"readiness-probes", 0}))}));
    return found.front() ? std::get<registry::Counter>(*found.front()).value : 0;
  }

  test::MemoryStore memory_;
  test::FakeClock clock_;
  telemetry::Log log_ = test::quiet_log();
  telemetry::Metrics metrics_;
  test::Identity ca_ = test::make_root("CA");
  issuance::Issuer issuer_ = *issuance::Issuer::make(
      ca_.certificate, std::make_shared<issuance::FileSigner>(
                           *x509::PrivateKey::from_pem(ca_.key.pem_pkcs8().reveal())));
  Milliseconds silence_{0};
  ServiceRoutes routes_{memory_, issuer_, clock_, log_, metrics_, [this] { return silence_; },
                        "",      ""};
};

TEST_F(Readiness, CostsAtMostOneCommitPerSecond) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(commits(), 1);
  clock_.advance(std::chrono::seconds(2));
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(commits(), 2);
}

TEST_F(Readiness, IsFalseWhileAShardDoesNotRun) {
  EXPECT_THAT(ask().body, HasSubstr("shards: all run"));
  silence_ = std::chrono::seconds(30);
  clock_.advance(std::chrono::seconds(2));
  const auto answer = ask();
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, StartsWith("not ready\n"));
  EXPECT_THAT(answer.body, HasSubstr("shards: one does not run"));
}

}  // namespace
}  // namespace imprint::server
