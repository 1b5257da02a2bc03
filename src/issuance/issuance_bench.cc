// SPDX-License-Identifier: Apache-2.0
// The cost of one device between its CSR and its certificate, step by step.
#include <benchmark/benchmark.h>

#include "issuance/issuer.h"
#include "issuance/key_rules.h"
#include "issuance/serial.h"
#include "test/support/test_ca.h"

namespace imprint::issuance {
namespace {

struct Setup {
  test::Identity ca = test::make_root("CA");
  Profile profile = *Profile::make({}, ca.certificate);
  Issuer issuer = *Issuer::make(ca.certificate, std::make_shared<FileSigner>(std::move(ca.key)));
  x509::PrivateKey device = test::make_key();
  std::string csr = *x509::make_csr_pem(device, test::common_name("device"));
  SystemRandom random;
};

void read_csr(benchmark::State& state) {
  const Setup setup;
  for (auto _ : state) benchmark::DoNotOptimize(issuance::read_csr(setup.csr));
}
BENCHMARK(read_csr);

void approve_and_lint(benchmark::State& state) {
  Setup setup;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        approve(setup.profile, setup.device.public_key(), test::kToday, make_serial(setup.random)));
  }
}
BENCHMARK(approve_and_lint);

void issue(benchmark::State& state) {
  Setup setup;
  for (auto _ : state) {
    auto csr = issuance::read_csr(setup.csr);
    auto approved = approve(setup.profile, *csr, test::kToday, make_serial(setup.random));
    auto certificate = setup.issuer.sign(std::move(*approved));
    benchmark::DoNotOptimize(certificate->pem());
  }
}
BENCHMARK(issue);

void read_certificate(benchmark::State& state) {
  const Setup setup;
  for (auto _ : state)
    benchmark::DoNotOptimize(x509::Certificate::from_der(setup.ca.certificate.der()));
}
BENCHMARK(read_certificate);

}  // namespace
}  // namespace imprint::issuance
