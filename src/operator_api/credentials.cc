// SPDX-License-Identifier: Apache-2.0
// Imprint's own: access keys for the REST API. AWS has IAM for this.
#include "access/operators.h"
#include "access/roles.h"
#include "base/random.h"
#include "operator_api/operations.h"
#include "rest/authorization.h"

namespace imprint::operator_api {

namespace {

/// The dependencies of these operations.
struct CredentialNeeds {
  registry::Store& store;
  Random& random;
  const access::Operators& operators;
};

using registry::Credential;
using registry::CredentialStatus;

constexpr std::size_t kMaxActive = 1000;

/// Everything but the secret.
json::object describe_credential(const Credential& record) {
  json::object out{{"accessKeyId", record.access_key_id},
                   {"name", record.name},
                   {"status", registry::to_string(record.status)},
                   {"createdBy", record.created_by},
                   {"creationDate", epoch_seconds(record.created)}};
  if (!record.role.empty()) out["role"] = record.role;
  if (!record.document.empty()) out["policyDocument"] = record.document;
  if (record.revoked) out["revocationDate"] = epoch_seconds(*record.revoked);
  return out;
}

/// Exactly one of a role and a policy, which must be valid.
Result<void> check_policy(const Call& call) {
  const Inputs& in = call.in;
  const std::string role = in.text("role");
  const std::string document = in.text("policyDocument");
  if (role.empty() == document.empty()) {
    return refuse(Exception::invalid_request,
                  "give the access key either a role or a policyDocument, not both");
  }
  if (!role.empty()) {
    const auto policy = access::role_policy(role);
    if (!policy) return refuse_value("role", role, policy.error().message);
    return {};
  }
  TRY_ASSIGN(const access::Policy policy, access::Policy::parse(document, "its policy"));
  return policy.check_actions(rest::known_actions(call.router));
}

Answer create_credential(Call call, CredentialNeeds needs) {
  CO_TRY(check_policy(call));
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const std::vector<Credential> all,
                co_await registry::list_all<Credential>(store, registry::query::Credentials{}));
  const auto active = std::ranges::count(all, CredentialStatus::active, &Credential::status);
  if (static_cast<std::size_t>(active) >= kMaxActive) {
    co_return refuse(
        Exception::limit_exceeded,
        fmt::format("there are {} active access keys already; revoke one first", active));
  }
  const access::AccessKey key = access::AccessKey::make(needs.random);
  Credential record{.access_key_id = key.id,
                    .name = call.in.text("name"),
                    .sealed_secret = needs.operators.vault().seal(key.id, key.secret, needs.random),
                    .role = call.in.text("role"),
                    .document = call.in.text("policyDocument"),
                    .created_by = call.access_key_id,
                    .created = call.now()};
  json::object answer = describe_credential(record);
  registry::ChangeSet changes = change_set(call.event(
      {{"access_key", key.id},
       {"name", record.name},
       {"role", record.role.empty() ? std::string("(a policy of its own)") : record.role}}));
  changes.add(registry::create(std::move(record)));
  CO_TRY(co_await commit(store, std::move(changes)));
  answer["secretAccessKey"] = key.secret.reveal();
  co_return answer;
}

Answer list_credentials(Call call, CredentialNeeds needs) {
  return list_page<Credential>(std::move(call), needs.store, registry::query::Credentials{},
                               kTokenStyle, "credentials", describe_credential);
}

Answer revoke_credential(Call call, CredentialNeeds needs) {
  const std::string id = call.in.text("accessKeyId");
  if (needs.operators.is_root(id)) {
    co_return refuse(Exception::invalid_request,
                     fmt::format("{} is the deployment's own key; replace admin.credentials and "
                                 "restart the server to change it",
                                 id));
  }
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(Credential record,
                co_await find_or_refuse(store, registry::credential_key(id),
                                        fmt::format("there is no access key {}", quote(id))));
  if (record.status == CredentialStatus::revoked) co_return describe_credential(record);
  record.status = CredentialStatus::revoked;
  record.revoked = call.now();
  record.sealed_secret.clear();  // nobody needs it again
  registry::ChangeSet changes = change_set(call.event({{"access_key", id}, {"name", record.name}}));
  changes.add(registry::update(record));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return describe_credential(record);
}

using enum Exception;

constexpr TextRule kOwner{"[\\w+=,.@ -]+",
                          [](char c) {
                            return name_rules::is_alnum(c) ||
                                   std::string_view("_+=,.@ -").find(c) != std::string_view::npos;
                          },
                          "letters, digits, spaces and _ + = , . @ -"};
constexpr TextRule kAccessKeyId{"[A-Za-z0-9]+", &name_rules::is_alnum, "letters and digits"};

constexpr InputInfo kCreate[] = {
    {.name = "name", .required = true, .least = 1, .most = 64, .rule = kOwner},
    {.name = "role", .least = 1, .most = 64},
    {.name = "policyDocument",
     .least = 1,
     .most = static_cast<std::int64_t>(access::kMaxDocumentBytes)}};
constexpr InputInfo kList[] = {members::kNextToken, members::kMaxResults};
constexpr InputInfo kOne[] = {{.name = "accessKeyId",
                               .in = Location::path,
                               .required = true,
                               .least = 16,
                               .most = 128,
                               .rule = kAccessKeyId}};
constexpr ExceptionSet kErrors{invalid_request, not_found,           throttling,
                               unauthorized,    service_unavailable, internal_failure,
                               limit_exceeded,  malformed_policy};

constexpr rest::Row<CredentialNeeds> kOperations[] = {
    {"CreateCredential", "POST", "/imprint/v1/credentials", kCreate, kErrors, create_credential},
    {"ListCredentials", "GET", "/imprint/v1/credentials", kList, kErrors, list_credentials},
    {"RevokeCredential", "DELETE", "/imprint/v1/credentials/{accessKeyId}", kOne, kErrors,
     revoke_credential, "credential/{accessKeyId}"},
};

}  // namespace

Operations credential_operations(registry::Store& store, Random& random,
                                 const access::Operators& operators) {
  return rest::bind(kOperations, CredentialNeeds{store, random, operators});
}

}  // namespace imprint::operator_api
