// SPDX-License-Identifier: Apache-2.0
#include "hooks/web_hook.h"

#include "base/file.h"
#include "outbound/credentials.h"
#include "outbound/web_signature.h"

namespace imprint::hooks {

Result<WebCredentials> WebCredentials::load(const HookOptions& options,
                                            const std::filesystem::path& directory) {
  WebCredentials out;
  if (!options.bearer_file.empty()) {
    TRY_ASSIGN(out.bearer_, outbound::load_secret("bearer-file", directory / options.bearer_file));
  }
  if (!options.hmac_key_file.empty()) {
    TRY_ASSIGN(out.hmac_key_,
               outbound::load_signing_key("hmac-key-file", directory / options.hmac_key_file));
  }
  return out;
}

std::vector<std::string> WebCredentials::headers(std::string_view body, Timestamp now) const {
  std::vector<std::string> out;
  if (!bearer_.empty()) out.push_back("Authorization: Bearer " + bearer_.reveal());
  if (!hmac_key_.empty())
    out.push_back("Imprint-Signature: " +
                  outbound::signature_header(hmac_key_.reveal(), body, now));
  return out;
}

Result<std::string> readable_ca_file(const HookOptions& options,
                                     const std::filesystem::path& directory) {
  if (options.ca_file.empty()) return std::string();
  constexpr std::size_t kMaxCaBytes = std::size_t{256} * 1024;
  const std::filesystem::path file = directory / options.ca_file;
  const auto readable = read_file(file, kMaxCaBytes);
  if (!readable) return fail_at(readable.error().fault, "ca-file", "{}", readable.error().message);
  return file.string();
}

Result<std::unique_ptr<Carrier>> WebHook::make(const HookOptions& options,
                                               const CarrierParts& parts,
                                               std::vector<std::string> headers, Address address,
                                               Read read) {
  TRY_ASSIGN(WebCredentials credentials, WebCredentials::load(options, parts.directory));
  TRY_ASSIGN(std::string ca_file, readable_ca_file(options, parts.directory));
  return std::make_unique<WebHook>(parts.web, parts.clock, std::move(credentials),
                                   std::move(headers), std::move(ca_file), std::move(address),
                                   std::move(read));
}

void WebHook::send(Invocation invocation, Done done) {
  WebRequest request{.url = address_(invocation),
                     .headers = headers_,
                     .body = invocation.event,
                     .ca_file = ca_file_};
  request.headers.emplace_back("Content-Type: application/json");
  request.headers.push_back("Imprint-Request-Id: " + invocation.request_id);
  for (std::string& header : credentials_.headers(*invocation.event, clock_.now()))
    request.headers.push_back(std::move(header));
  web_.post(invocation.number, std::move(request),
            [read = read_, done = std::move(done)](WebAnswer answer) {
              if (answer.status != 0) return done(read(std::move(answer)));
              done(answer.was_sent ? failed_delivery(std::move(answer.problem))
                                   : undelivered(std::move(answer.problem)));
            });
}

std::string WebHook::cancel(std::uint64_t number) {
  web_.cancel(number);
  return "the server's answer";
}

}  // namespace imprint::hooks
