// SPDX-License-Identifier: Apache-2.0
#include "rest/web_session.h"

#include "rest/exceptions.h"
#include "telemetry/build.h"
#include "trail/event.h"

namespace imprint::rest {

namespace {

// __Host-: from this host only, over TLS only, for every path (RFC 6265bis section 4.1.3.2).
constexpr std::string_view kCookie = "__Host-imprint";
constexpr std::string_view kAttributes = "; Path=/; Secure; HttpOnly; SameSite=Strict";
constexpr std::string_view kCsrfHeader = "X-Imprint-Csrf";
constexpr std::size_t kTokenCharacters = 64;
constexpr std::size_t kMaxSignInBytes = 4096;
constexpr ExceptionSet kErrors{Exception::invalid_request, Exception::unauthorized,
                               Exception::throttling};

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Empty when there is none.
std::string_view token_of(const HttpRequest& request) {
  std::string_view cookies = request.header("cookie");
  while (!cookies.empty()) {
    const auto end = cookies.find(';');
    const std::string_view one = without_spaces(cookies.substr(0, end));
    if (one.starts_with(kCookie) && one.substr(kCookie.size(), 1) == "=") {
      const std::string_view token = one.substr(kCookie.size() + 1);
      return token.size() == kTokenCharacters ? token : std::string_view();
    }
    if (end == std::string_view::npos) break;
    cookies.remove_prefix(end + 1);
  }
  return {};
}

/// Browsers say where a request comes from (W3C, Fetch Metadata); other clients do not.
bool is_from_elsewhere(const HttpRequest& request) {
  const std::string_view site = request.header("sec-fetch-site");
  return !site.empty() && site != "same-origin" && site != "none";
}

Unexpected refuse_forgery(std::string message) {
  return refuse(Exception::access_denied, std::move(message));
}

HttpResponse describe(const access::Sessions::Session& session, const Dependencies& server) {
  return {.body = encoding::to_json(json::object{{"accessKeyId", session.who->access_key_id},
                                                 {"name", session.who->name},
                                                 {"role", session.who->role},
                                                 {"csrfToken", session.csrf_token},
                                                 {"expires", epoch_seconds(session.expires)},
                                                 {"account", server.account},
                                                 {"region", server.region},
                                                 {"version", telemetry::version()}}),
          .headers = {{"Cache-Control", "no-store"}}};
}

struct SignIn {
  std::string access_key_id;
  Secret secret;
};

Result<SignIn> read_sign_in(const HttpRequest& request) {
  if (!request.header("content-type").starts_with("application/json")) {
    return refuse(Exception::invalid_request,
                  "sign in with a body of type application/json: "
                  R"({"accessKeyId": "...", "secretAccessKey": "..."})");
  }
  if (request.body.size() > kMaxSignInBytes)
    return refuse(Exception::invalid_request, "the body is longer than a key and its secret");
  TRY_ASSIGN(const json::value body, encoding::parse_json(request.body));
  const auto text = [&](std::string_view name) {
    const json::value* value = body.is_object() ? body.get_object().if_contains(name) : nullptr;
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  };
  SignIn in{text("accessKeyId"), Secret(text("secretAccessKey"))};
  if (in.access_key_id.empty() || in.secret.empty())
    return refuse(Exception::invalid_request, "accessKeyId and secretAccessKey are both needed");
  return in;
}

/// The user may have typed the secret into the field for the id.
std::string_view loggable(std::string_view access_key_id) {
  constexpr std::size_t kMostCharacters = 20;
  return access_key_id.starts_with("AKIA") && access_key_id.size() <= kMostCharacters
             ? access_key_id
             : "(not an access key id)";
}

registry::AuditEvent sign_in_event(const Dependencies& server, const HttpRequest& request,
                                   trail::Outcome outcome, std::string_view access_key_id,
                                   const std::string& because = {}) {
  return trail::record({.time = server.clock.now(), .actor = std::string(access_key_id)},
                       "sign_in"_step, outcome, {.because = because},
                       trail::KeyUse{.source_ip = request.source_ip});
}

runtime::Task<SessionAnswer> sign_in(const Dependencies& server, HttpRequest request) {
  const std::string id = make_uuid(server.random);
  if (is_from_elsewhere(request)) {
    co_return SessionAnswer{
        error_response(refuse_forgery("sign in on the dashboard's own page").value(), kErrors, id)};
  }
  const auto in = read_sign_in(request);
  if (!in) co_return SessionAnswer{error_response(in.error(), kErrors, id)};
  const auto started =
      server.sessions.sign_in(in->access_key_id, in->secret.reveal(), request.source_ip);
  if (!started) {
    SessionAnswer refused{error_response(started.error(), kErrors, id)};
    // Further attempts after too many are not logged one by one.
    if (started.error().fault != Fault::exhausted) {
      server.log.warning("a sign-in at the dashboard was refused",
                         {{"from", request.source_ip},
                          {"key", loggable(in->access_key_id)},
                          {"because", started.error().message}});
      refused.refusal = sign_in_event(server, request, trail::Outcome::denied,
                                      loggable(in->access_key_id), started.error().message);
    }
    co_return refused;
  }
  // Without its audit event, the sign-in fails.
  registry::ChangeSet trace;
  trace.events.push_back(sign_in_event(server, request, trail::Outcome::ok, in->access_key_id));
  const auto recorded = co_await server.store.commit(std::move(trace));
  if (!recorded) {
    server.sessions.sign_out(started->token.reveal());
    co_return SessionAnswer{error_response(recorded.error(), {Exception::service_unavailable}, id)};
  }
  HttpResponse response = describe(started->session, server);
  response.headers.emplace_back(
      "Set-Cookie", fmt::format("{}={}{}", kCookie, started->token.reveal(), kAttributes));
  co_return SessionAnswer{std::move(response)};
}

}  // namespace

bool has_session(const HttpRequest& request) {
  return request.header("authorization").empty() && !token_of(request).empty();
}

Result<SignedScope> session_scope(const HttpRequest& request, const Dependencies& server) {
  const auto session = server.sessions.find(token_of(request));
  if (!session) return refuse(Exception::session_expired, "the session has ended; sign in again");
  return SignedScope{.region = server.region,
                     .service = "iot",
                     .who = session->who,
                     .csrf_token = session->csrf_token};
}

std::optional<std::string> session_key(const HttpRequest& request, const Dependencies& server) {
  return server.sessions.key_of(token_of(request));
}

Result<void> check_session(const HttpRequest& request, const Operation& operation,
                           const SignedScope& scope) {
  if (is_from_elsewhere(request))
    return refuse_forgery("requests with a session come from the dashboard's own pages only");
  if (operation.stream != nullptr) return {};
  if (equal_constant_time(as_bytes(request.header(kCsrfHeader)), as_bytes(scope.csrf_token)))
    return {};
  return refuse_forgery(fmt::format(
      "a request with a session needs the header {} with the session's csrfToken", kCsrfHeader));
}

runtime::Task<SessionAnswer> answer_session(const Dependencies& server, HttpRequest request) {
  if (request.method == "POST") co_return co_await sign_in(server, std::move(request));
  const std::string id = make_uuid(server.random);
  const auto session = server.sessions.find(token_of(request));
  if (!session) {
    co_return SessionAnswer{error_response(
        refuse(Exception::session_expired, "nobody is signed in; sign in first").value(), kErrors,
        id)};
  }
  if (request.method == "GET") {
    if (is_from_elsewhere(request))
      co_return SessionAnswer{
          error_response(refuse_forgery("not for other sites").value(), kErrors, id)};
    co_return SessionAnswer{describe(*session, server)};
  }
  if (request.method != "DELETE") {
    co_return SessionAnswer{{.status = 405,
                             .body = R"({"message":"POST signs in, GET tells, DELETE signs out"})",
                             .headers = {{"Allow", "GET, POST, DELETE"}}}};
  }
  if (!equal_constant_time(as_bytes(request.header(kCsrfHeader)), as_bytes(session->csrf_token)))
    co_return SessionAnswer{
        error_response(refuse_forgery("the csrfToken is missing").value(), kErrors, id)};
  server.sessions.sign_out(token_of(request));
  co_return SessionAnswer{
      {.status = 204,
       .content_type = {},
       .headers = {{"Set-Cookie", fmt::format("{}={}; Max-Age=0", kCookie, kAttributes)}}}};
}

}  // namespace imprint::rest
