// SPDX-License-Identifier: Apache-2.0
#include "server/credentials.h"

#include "base/file.h"
#include "deployment/secret_files.h"
#include "deployment/start_checks.h"

namespace imprint::server {

namespace {

constexpr std::size_t kMaxPemBytes = 64 * 1024;

/// Adds the path and the remedy to an error in the content of a file.
Error of_file(const std::filesystem::path& path, const Error& error) {
  return of_deployment(
      Error{error.fault,
            fmt::format("{}: {}; restore the file from a backup", path.string(), error.message),
            error.where, error.cause});
}

Result<ServerIdentity> load_identity(const std::filesystem::path& certificate_file,
                                     const std::filesystem::path& key_file) {
  TRY_ASSIGN(std::string certificate, read_own_file(certificate_file));
  TRY_ASSIGN(const x509::Certificate parsed, load_certificate(certificate_file));
  TRY_ASSIGN(Secret key, read_secret_file(key_file, kMaxPemBytes).map_error(&of_deployment));
  const auto parsed_key = x509::PrivateKey::from_pem(key.reveal());
  if (!parsed_key) return tl::unexpected(of_file(key_file, parsed_key.error()));
  if (parsed_key->public_key() != parsed.public_key()) {
    return fail(Fault::internal, "{} does not belong to {}; put the matching pair in place",
                key_file.string(), certificate_file.string());
  }
  return ServerIdentity{std::move(certificate), std::make_shared<const Secret>(std::move(key))};
}

}  // namespace

Error of_deployment(Error error) {
  if (error.fault == Fault::not_found) error.message += "; restore the file from a backup";
  if (error.fault == Fault::invalid) error.fault = Fault::internal;
  return error;
}

Result<std::string> read_own_file(const std::filesystem::path& path) {
  return read_file(path, kMaxPemBytes).map_error(&of_deployment);
}

Result<x509::Certificate> load_certificate(const std::filesystem::path& path) {
  TRY_ASSIGN(const std::string pem, read_own_file(path));
  auto certificate = x509::Certificate::from_pem(pem);
  if (!certificate) return tl::unexpected(of_file(path, certificate.error()));
  return certificate;
}

Result<ServerCredentials> load_credentials(const deployment::Layout& layout) {
  ServerCredentials out;
  TRY_ASSIGN(out.issuer, read_own_file(layout.issuing_certificate()));
  TRY_ASSIGN(ServerIdentity first, load_identity(layout.server_certificate(), layout.server_key()));
  out.identities.push_back(std::move(first));
  std::error_code ignored;
  if (std::filesystem::exists(layout.second_server_certificate(), ignored)) {
    TRY_ASSIGN(ServerIdentity second,
               load_identity(layout.second_server_certificate(), layout.second_server_key()));
    out.identities.push_back(std::move(second));
  }
  std::vector<x509::Certificate> served;
  for (const ServerIdentity& identity : out.identities) {
    TRY_ASSIGN(x509::Certificate one, x509::Certificate::from_pem(identity.certificate));
    served.push_back(std::move(one));
  }
  TRY(deployment::check_kinds(served));
  return out;
}

Result<issuance::Issuer> load_issuer(const deployment::Layout& layout,
                                     const x509::Certificate& certificate) {
  auto loaded = issuance::FileSigner::load(layout.issuing_key());
  if (!loaded && loaded.error().fault == Fault::invalid)
    loaded.error().message += "; restore the file from a backup";
  TRY_ASSIGN(std::unique_ptr<issuance::FileSigner> signer,
             std::move(loaded).map_error(&of_deployment));
  return issuance::Issuer::make(certificate, std::move(signer));
}

}  // namespace imprint::server
