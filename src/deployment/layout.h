// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace imprint::deployment {

/// The paths of a deployment directory. Computes paths only; touches no file.
class Layout {
 public:
  explicit Layout(std::filesystem::path directory) : directory_(std::move(directory)) {}

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::filesystem::path config() const { return directory_ / "imprint.toml"; }
  /// The root CA that devices and AWS_CA_BUNDLE trust.
  [[nodiscard]] std::filesystem::path trusted_root() const { return directory_ / "root-ca.pem"; }
  [[nodiscard]] std::filesystem::path ca_folder() const { return directory_ / "ca"; }
  [[nodiscard]] std::filesystem::path root_certificate() const {
    return ca_folder() / "root-ca.pem";
  }
  [[nodiscard]] std::filesystem::path root_key() const { return ca_folder() / "root-ca.key"; }
  [[nodiscard]] std::filesystem::path issuing_certificate() const {
    return ca_folder() / "issuing-ca.pem";
  }
  [[nodiscard]] std::filesystem::path issuing_key() const { return ca_folder() / "issuing-ca.key"; }
  /// Made at the first start; kept beside the CA's keys.
  [[nodiscard]] std::filesystem::path ownership_token_key() const {
    return ca_folder() / "ownership-token.key";
  }
  /// Encrypts the secrets of operators' access keys, which are in the store.
  [[nodiscard]] std::filesystem::path credentials_key() const {
    return ca_folder() / "credentials.key";
  }
  [[nodiscard]] std::filesystem::path server_folder() const { return directory_ / "server"; }
  /// One certificate; clients also need issuing_certificate().
  [[nodiscard]] std::filesystem::path server_certificate() const {
    return server_folder() / "server.pem";
  }
  [[nodiscard]] std::filesystem::path server_key() const { return server_folder() / "server.key"; }
  /// Optional: a certificate of the other key family, RSA or EC, for clients that verify only that
  /// one.
  [[nodiscard]] std::filesystem::path second_server_certificate() const {
    return server_folder() / "second-server.pem";
  }
  [[nodiscard]] std::filesystem::path second_server_key() const {
    return server_folder() / "second-server.key";
  }
  [[nodiscard]] std::filesystem::path admin_credentials() const {
    return directory_ / "admin.credentials";
  }
  /// Input files of bulk registrations, as {bucket}/{key}.
  [[nodiscard]] std::filesystem::path uploads() const { return directory_ / "uploads"; }
  /// Files that bulk registrations keep: copies of their input, reports.
  [[nodiscard]] std::filesystem::path registrations() const { return directory_ / "registrations"; }
  /// The audit trail as files (audit/archive.h).
  [[nodiscard]] std::filesystem::path audit() const { return directory_ / "audit"; }
  /// Present while imprintd runs: the addresses it listens on.
  [[nodiscard]] std::filesystem::path run_file() const { return directory_ / "imprintd.json"; }
  [[nodiscard]] std::filesystem::path store() const { return directory_ / "imprint.db"; }

 private:
  std::filesystem::path directory_;
};

}  // namespace imprint::deployment
