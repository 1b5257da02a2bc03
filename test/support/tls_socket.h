// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace imprint::test {

/// The options of a client's handshake.
struct TlsOptions {
  std::string certificate = {};         ///< PEM; none: no client certificate
  std::vector<std::string> chain = {};  ///< PEM, sent after it
  std::string key = {};
  std::string alpn = {};         ///< one protocol name; none: no extension
  int version = 0;               ///< the only TLS version spoken; 0: any
  std::string suites = {};       ///< the only TLS 1.2 suites offered; none: the library's
  std::string groups = {};       ///< the only groups offered; none: the library's
  std::string signatures = {};   ///< the only signatures verified; none: the library's
  std::string server_name = {};  ///< RFC 6066; none: no extension
  std::string from = "127.0.0.1";
};

/// A blocking TLS client with a deadline on every wait, so that no test can hang.
class TlsSocket {
 public:
  static constexpr std::chrono::seconds kPatience{10};

  TlsSocket() = default;
  ~TlsSocket() { close(); }
  TlsSocket(TlsSocket&& other) noexcept
      : context_(std::move(other.context_)),
        ssl_(std::move(other.ssl_)),
        fd_(std::exchange(other.fd_, -1)) {}
  TlsSocket& operator=(TlsSocket&&) = delete;

  /// TCP only.
  Result<void> open(std::uint16_t port, const std::string& from = "127.0.0.1") {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in local = address(from, 0);
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0)
      return fail(Fault::unavailable, "bind");
    sockaddr_in remote = address("127.0.0.1", port);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&remote), sizeof remote) != 0)
      return fail(Fault::unavailable, "connect");
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
    return {};
  }

  /// In TLS 1.3 the server's refusal of the client arrives after this, at the first read.
  Result<void> handshake(const TlsOptions& options) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_security_level(context_.get(), 0);  // so that old versions can be offered
    if (options.version != 0) {
      SSL_CTX_set_min_proto_version(context_.get(), options.version);
      SSL_CTX_set_max_proto_version(context_.get(), options.version);
    }
    if (!options.suites.empty()) SSL_CTX_set_cipher_list(context_.get(), options.suites.c_str());
    if (!options.groups.empty()) SSL_CTX_set1_groups_list(context_.get(), options.groups.c_str());
    if (!options.signatures.empty())
      SSL_CTX_set1_sigalgs_list(context_.get(), options.signatures.c_str());
    if (!options.certificate.empty()) use_certificate(options);
    ssl_.reset(SSL_new(context_.get()));
    if (!options.alpn.empty()) {
      const std::string wire = static_cast<char>(options.alpn.size()) + options.alpn;
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                          static_cast<unsigned>(wire.size()));
    }
    if (!options.server_name.empty())
      SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
    SSL_set_fd(ssl_.get(), fd_);
    const auto deadline = Clock::now() + kPatience;
    while (true) {
      ERR_clear_error();
      const int done = SSL_connect(ssl_.get());
      if (done == 1) return {};
      if (!wait(done, deadline)) return fail(Fault::forbidden, "{}", last_error());
    }
  }

  Result<void> connect(std::uint16_t port, const TlsOptions& options) {
    TRY(open(port, options.from));
    return handshake(options);
  }

  bool write(BytesView bytes) {
    const auto deadline = Clock::now() + kPatience;
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      ERR_clear_error();
      const int n =
          SSL_write(ssl_.get(), bytes.data() + sent, static_cast<int>(bytes.size() - sent));
      if (n > 0) {
        sent += static_cast<std::size_t>(n);
      } else if (!wait(n, deadline)) {
        return false;
      }
    }
    return true;
  }
  bool write(std::string_view text) { return write(as_bytes(text)); }

  /// The next bytes; empty at the end of the connection; nullopt if none arrive within `patience`.
  std::optional<Bytes> read(std::chrono::milliseconds patience = kPatience) {
    const auto deadline = Clock::now() + patience;
    Bytes buffer(16384);
    while (true) {
      ERR_clear_error();
      const int n = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (n > 0) {
        buffer.resize(static_cast<std::size_t>(n));
        return buffer;
      }
      switch (wait_for(n, deadline)) {
        case Wait::ready:
          break;
        case Wait::late:
          return std::nullopt;
        case Wait::over:
          return Bytes();
      }
    }
  }
  std::string read_text(std::chrono::milliseconds patience = kPatience) {
    const auto bytes = read(patience);
    return bytes ? std::string(as_text(*bytes)) : std::string();
  }
  /// Whether the server closes the connection within `patience`; data before that is dropped.
  bool is_ended(std::chrono::milliseconds patience = kPatience) {
    const auto deadline = Clock::now() + patience;
    while (true) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
      const auto bytes = read(std::max(left, std::chrono::milliseconds(0)));
      if (!bytes) return false;
      if (bytes->empty()) return true;
    }
  }

  [[nodiscard]] std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  [[nodiscard]] Bytes server_certificate() const {
    unsigned char* der = nullptr;
    const int size = i2d_X509(SSL_get0_peer_certificate(ssl_.get()), &der);
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
  }
  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }
  [[nodiscard]] int fd() const { return fd_; }

  /// Closes without close_notify, as when a device loses power.
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Wait { ready, late, over };
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };

  static sockaddr_in address(const std::string& host, std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &out.sin_addr);
    return out;
  }
  void use_certificate(const TlsOptions& options) {
    const auto bio = [](const std::string& text) {
      return std::unique_ptr<BIO, Free>(
          BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    };
    const std::unique_ptr<X509, Free> certificate(
        PEM_read_bio_X509(bio(options.certificate).get(), nullptr, nullptr, nullptr));
    const std::unique_ptr<EVP_PKEY, Free> key(
        PEM_read_bio_PrivateKey(bio(options.key).get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), key.get());
    for (const std::string& pem : options.chain) {
      const std::unique_ptr<X509, Free> link(
          PEM_read_bio_X509(bio(pem).get(), nullptr, nullptr, nullptr));
      SSL_CTX_add1_chain_cert(context_.get(), link.get());
    }
  }
  Wait wait_for(int result, Clock::time_point deadline) {
    const int error = SSL_get_error(ssl_.get(), result);
    const bool reads = error == SSL_ERROR_WANT_READ;
    if (!reads && error != SSL_ERROR_WANT_WRITE) return Wait::over;
    pollfd p{fd_, static_cast<short>(reads ? POLLIN : POLLOUT), 0};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return left > 0 && ::poll(&p, 1, static_cast<int>(left)) > 0 ? Wait::ready : Wait::late;
  }
  bool wait(int result, Clock::time_point deadline) {
    return wait_for(result, deadline) == Wait::ready;
  }
  static std::string last_error() {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    return reason != nullptr ? reason : "the connection ended";
  }

  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  int fd_ = -1;
};

}  // namespace imprint::test
