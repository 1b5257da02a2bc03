// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "rest/call.h"
#include "rest/dependencies.h"
#include "rest/http.h"
#include "rest/operation.h"
#include "rest/signatures.h"
#include "runtime/task.h"

/// The dashboard in a browser signs in once with an access key and then sends a cookie in place of
/// a signature. Every request must also carry the session's CSRF token in X-Imprint-Csrf, except
/// for event streams, whose headers a page cannot set.
namespace imprint::rest {

inline constexpr std::string_view kSessionTarget = "/ui/session";

/// Whether a request has a session's cookie and no signature.
bool has_session(const HttpRequest& request);

/// The scope of the session that a request's cookie names. SessionExpired (401) when it has ended.
Result<SignedScope> session_scope(const HttpRequest& request, const Dependencies& server);

/// The access key id of that session; no value when it has ended. This does not count as use.
std::optional<std::string> session_key(const HttpRequest& request, const Dependencies& server);

/// AccessDeniedException for a request that a page of another site may have sent.
Result<void> check_session(const HttpRequest& request, const Operation& operation,
                           const SignedScope& scope);

struct SessionAnswer {
  HttpResponse response;
  /// The event of a sign-in with a wrong key or secret; the caller bounds how many it records.
  std::optional<registry::AuditEvent> refusal = {};
};

/// POST signs in, GET answers who is signed in, DELETE signs out.
runtime::Task<SessionAnswer> answer_session(const Dependencies& server, HttpRequest request);

}  // namespace imprint::rest
