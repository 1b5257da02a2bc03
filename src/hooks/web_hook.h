// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/secret.h"
#include "hooks/carrier.h"
#include "outbound/web_client.h"

namespace imprint::hooks {

using outbound::WebAnswer;
using outbound::WebClient;
using outbound::WebRequest;

/// The headers that prove the origin of a request.
class WebCredentials {
 public:
  static Result<WebCredentials> load(const HookOptions& options,
                                     const std::filesystem::path& directory);

  /// "Authorization: Bearer ..." and "Imprint-Signature: t=...,v1=..." (docs/hooks.md), for which
  /// key files are configured.
  [[nodiscard]] std::vector<std::string> headers(std::string_view body, Timestamp now) const;

 private:
  Secret bearer_;
  Secret hmac_key_;
};

/// The path of the configured CA file, checked to be readable; empty when none is configured.
Result<std::string> readable_ca_file(const HookOptions& options,
                                     const std::filesystem::path& directory);

/// Sends events to a web server; http and lambda differ in how they address events and read
/// answers.
class WebHook final : public Carrier {
 public:
  using Address = std::function<std::string(const Invocation&)>;
  using Read = std::function<Delivery(WebAnswer)>;

  WebHook(WebClient& web, const Clock& clock, WebCredentials credentials,
          std::vector<std::string> headers, std::string ca_file, Address address, Read read)
      : web_(web),
        clock_(clock),
        credentials_(std::move(credentials)),
        headers_(std::move(headers)),
        ca_file_(std::move(ca_file)),
        address_(std::move(address)),
        read_(std::move(read)) {}

  static Result<std::unique_ptr<Carrier>> make(const HookOptions& options,
                                               const CarrierParts& parts,
                                               std::vector<std::string> headers, Address address,
                                               Read read);

  void send(Invocation invocation, Done done) override;
  std::string cancel(std::uint64_t number) override;

 private:
  WebClient& web_;
  const Clock& clock_;
  WebCredentials credentials_;
  std::vector<std::string> headers_;
  std::string ca_file_;
  Address address_;
  Read read_;
};

}  // namespace imprint::hooks
