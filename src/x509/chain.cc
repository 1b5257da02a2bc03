// SPDX-License-Identifier: Apache-2.0
#include "x509/chain.h"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace imprint::x509 {

namespace {

// 112 bits: no SHA-1, no RSA below 2048.
constexpr int kSecurityLevel = 2;
constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxUntrusted = 16;

struct StackDeleter {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), StackDeleter>;

Result<StackPtr> to_stack(std::span<const Certificate> certificates) {
  if (certificates.size() > kMaxUntrusted) {
    return fail(Fault::invalid, "a chain of {} certificates; at most {} are allowed",
                certificates.size(), kMaxUntrusted);
  }
  StackPtr stack(sk_X509_new_null());
  for (const Certificate& certificate : certificates) {
    TRY_ASSIGN(X509Ptr handle, to_openssl(certificate));
    IMPRINT_ASSERT(sk_X509_push(stack.get(), handle.get()) > 0);
    // The stack owns it now.
    static_cast<void>(handle.release());  // NOLINT(bugprone-unused-return-value)
  }
  return stack;
}

Result<std::vector<Certificate>> found_chain(X509_STORE_CTX* context) {
  std::vector<Certificate> out;
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    TRY_ASSIGN(Certificate certificate, from_openssl(sk_X509_value(chain, i)));
    out.push_back(std::move(certificate));
  }
  return out;
}

}  // namespace

Result<TrustAnchors> TrustAnchors::make(std::span<const Certificate> anchors) {
  std::shared_ptr<X509_STORE> store(X509_STORE_new(), OpensslDeleter());
  IMPRINT_ASSERT(store != nullptr);
  for (const Certificate& anchor : anchors) {
    if (!anchor.is_ca()) {
      return fail(Fault::invalid, "\"{}\" is not a CA certificate and cannot be trusted as one",
                  anchor.subject().text());
    }
    TRY_ASSIGN(const X509Ptr handle, to_openssl(anchor));
    if (X509_STORE_add_cert(store.get(), handle.get()) != 1)
      return fail(Fault::internal, "trust anchor not added: {}", take_openssl_error());
  }
  return TrustAnchors(std::move(store));
}

Result<std::vector<Certificate>> TrustAnchors::verify(const Certificate& leaf,
                                                      std::span<const Certificate> untrusted,
                                                      Timestamp at, ChainPurpose purpose) const {
  TRY_ASSIGN(const X509Ptr leaf_handle, to_openssl(leaf));
  StackPtr stack;
  if (!untrusted.empty()) {
    auto made = to_stack(untrusted);
    if (!made) return tl::unexpected(made.error());
    stack = std::move(*made);
  }
  const OpensslPtr<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (context == nullptr ||
      X509_STORE_CTX_init(context.get(), store_.get(), leaf_handle.get(), stack.get()) != 1) {
    return fail(Fault::internal, "chain check could not start: {}", take_openssl_error());
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  const int wanted =
      purpose == ChainPurpose::tls_client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;
  X509_VERIFY_PARAM_set_purpose(parameters, wanted);
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
  X509_VERIFY_PARAM_set_depth(parameters, kMaxDepth);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(
      parameters,
      std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(at)));
  const int verdict = X509_verify_cert(context.get());
  const int reason = X509_STORE_CTX_get_error(context.get());
  const int depth = X509_STORE_CTX_get_error_depth(context.get());
  take_openssl_error();
  // 1 means yes, 0 no, and a negative number undecided. Only 1 counts.
  if (verdict != 1 || reason != X509_V_OK) {
    return fail(Fault::forbidden, "the chain of \"{}\" does not verify: {} (at depth {})",
                leaf.subject().text(), X509_verify_cert_error_string(reason), depth);
  }
  return found_chain(context.get());
}

}  // namespace imprint::x509
