// SPDX-License-Identifier: Apache-2.0
// The measured calls have been deprecated since OpenSSL 3.0, which is why they are the floor: EVP
// adds overhead to them.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "bench/crypto_floor.h"

#include <array>
#include <memory>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <vector>

#include "base/error.h"
#include "bench/cpu_time.h"

namespace imprint::bench {

namespace {

struct EcFree {
  void operator()(EC_KEY* key) const { EC_KEY_free(key); }
};
using EcKey = std::unique_ptr<EC_KEY, EcFree>;

EcKey make_key() {
  EcKey key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  IMPRINT_ASSERT(key && EC_KEY_generate_key(key.get()) == 1);
  return key;
}

template <class Work>
double microseconds_each(int times, Work work) {
  work();
  const CpuTime began = thread_cpu_time();
  for (int i = 0; i < times; ++i) work();
  return to_microseconds(thread_cpu_time() - began) / times;
}

}  // namespace

CryptoFloor CryptoFloor::measure() {
  constexpr int kTimes = 500;
  const EcKey ours = make_key();
  const EcKey theirs = make_key();
  std::array<unsigned char, 32> digest{};
  digest.fill(0x5A);
  std::vector<unsigned char> signature(static_cast<std::size_t>(ECDSA_size(ours.get())));
  unsigned size = 0;

  CryptoFloor out;
  out.keygen =
      microseconds_each(kTimes, [&] { IMPRINT_ASSERT(EC_KEY_generate_key(theirs.get()) == 1); });
  std::array<unsigned char, 32> secret{};
  out.derive = microseconds_each(kTimes, [&] {
    IMPRINT_ASSERT(ECDH_compute_key(secret.data(), secret.size(),
                                    EC_KEY_get0_public_key(theirs.get()), ours.get(),
                                    nullptr) == 32);
  });
  out.sign = microseconds_each(kTimes, [&] {
    IMPRINT_ASSERT(ECDSA_sign(0, digest.data(), 32, signature.data(), &size, ours.get()) == 1);
  });
  std::array<unsigned char, 65> point{};
  IMPRINT_ASSERT(EC_POINT_point2oct(EC_KEY_get0_group(ours.get()),
                                    EC_KEY_get0_public_key(ours.get()),
                                    POINT_CONVERSION_UNCOMPRESSED, point.data(), point.size(),
                                    nullptr) == point.size());
  const EcKey imported(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  out.verify = microseconds_each(kTimes, [&] {
    IMPRINT_ASSERT(EC_KEY_oct2key(imported.get(), point.data(), point.size(), nullptr) == 1);
    IMPRINT_ASSERT(ECDSA_verify(0, digest.data(), 32, signature.data(), static_cast<int>(size),
                                imported.get()) == 1);
  });
  return out;
}

}  // namespace imprint::bench
