// SPDX-License-Identifier: Apache-2.0
#include "transfer/mosquitto.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/file.h"
#include "base/name.h"
#include "deployment/config.h"
#include "encoding/text.h"
#include "issuance/issuer.h"
#include "issuance/revocation_list.h"
#include "transfer/acl.h"
#include "transfer/facts.h"
#include "x509/certificate.h"
#include "x509/issued_as.h"

namespace imprint::transfer {

namespace {

namespace query = registry::query;
using registry::CertificateStatus;
using registry::Record;

constexpr std::size_t kMaxCertificateFile = 64 * 1024;
constexpr auto kListLife = std::chrono::hours(24 * 30);

constexpr std::string_view kConfiguration =
    R"(# Made by imprint export. Start it in this folder: mosquitto -c mosquitto.conf
# server.key is not here, since exports contain no private keys: copy it from the deployment's server/ (0600).
listener 8883
cafile ca.pem
certfile server-chain.pem
keyfile server.key
# The clients to refuse. Make a new export before the list's next update, or when a certificate changes.
crlfile revoked.pem
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file acl
)";

/// Differences of mosquitto that do not depend on the policies.
constexpr std::string_view kAlways[] = {
    "mosquitto grants every subscription and checks deliveries: iot:Subscribe is not translated, "
    "iot:Receive is",
    "mosquitto does not tie client ids to certificates: iot:Connect is not translated; the holder "
    "of a certificate of this CA may use any client id",
    "a certificate that was deleted without having been revoked is unknown to the registry and "
    "therefore not on the revocation list; revoke certificates before you delete them",
    "the revocation list expires in 30 days; after that mosquitto refuses every client until "
    "it has a newer one",
};

/// A client as the ACL describes it.
struct Client {
  std::string common_name;
  std::vector<registry::Thing> things = {};
  std::set<std::string> policies = {};  ///< its own and those of its things' groups
};

bool is_identity(const registry::Certificate& certificate) {
  return certificate.status == CertificateStatus::active &&
         certificate.purpose == registry::CertificatePurpose::identity;
}

/// A value may appear in a topic filter only if it contains no wildcard.
void set_value(Substitutions& values, std::string name, const std::string& value) {
  if (value.empty() || value.find_first_of("*?+#") != std::string::npos) return;
  values[std::move(name)] = value;
}

/// The values that are the same for a client whatever its client id.
Substitutions values_of(const Client& client) {
  Substitutions out;
  set_value(out, "iot:Certificate.Subject.CommonName", client.common_name);
  if (client.things.size() != 1) return out;
  const registry::Thing& thing = client.things.front();
  set_value(out, "iot:Connection.Thing.ThingName", thing.name.str());
  // With a client id other than the thing's name it would get other topics on AWS; here it gets
  // none.
  set_value(out, "iot:ClientId", thing.name.str());
  if (thing.type) set_value(out, "iot:Connection.Thing.ThingTypeName", thing.type->str());
  for (const auto& [name, value] : thing.attributes)
    set_value(out, fmt::format("iot:Connection.Thing.Attributes[{}]", name), value);
  return out;
}

/// In pattern lines the client id stands for the thing's name.
const Substitutions& pattern_values() {
  static const Substitutions kValues{{"iot:Connection.Thing.ThingName", "%c"},
                                     {"iot:ClientId", "%c"}};
  return kValues;
}

/// Whether `wide` matches every topic that `narrow` matches.
bool is_within(std::string_view narrow, std::string_view wide) {
  while (true) {
    const auto a = narrow.find('/');
    const auto b = wide.find('/');
    const std::string_view level = narrow.substr(0, a);
    const std::string_view other = wide.substr(0, b);
    if (other == "#") return true;
    if (level == "#" || (other != "+" && other != level)) return false;
    if (a == std::string_view::npos || b == std::string_view::npos) {
      return a == b || (a == std::string_view::npos && wide.substr(b + 1) == "#");
    }
    narrow.remove_prefix(a + 1);
    wide.remove_prefix(b + 1);
  }
}

Acl::Access access_to(const Acl& acl, std::string_view filter) {
  Acl::Access out;
  for (const auto& [wide, access] : acl.topics) {
    if (!is_within(filter, wide)) continue;
    out.read = out.read || access.read;
    out.write = out.write || access.write;
  }
  return out;
}

/// The topics that both allow.
Acl common(const Acl& a, const Acl& b) {
  Acl out{.notes = a.notes, .refused = a.refused || b.refused};
  out.notes.insert(b.notes.begin(), b.notes.end());
  for (const auto& [one, other] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    for (const auto& [filter, access] : one->topics) {
      const Acl::Access also = access_to(*other, filter);
      Acl::Access& both = out.topics[filter];
      both.read = both.read || (access.read && also.read);
      both.write = both.write || (access.write && also.write);
    }
  }
  std::erase_if(out.topics, [](const auto& one) { return !one.second.read && !one.second.write; });
  return out;
}

std::string_view access_keyword(const Acl::Access& access) {
  if (access.read && access.write) return "readwrite";
  return access.read ? "read" : "write";
}

bool is_user_name(std::string_view name) {
  return !name.empty() && name.front() != ' ' && name.back() != ' ' &&
         std::ranges::all_of(
             name, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
}

/// Reads the registry once and writes the files.
class Export {
 public:
  Export(registry::Store& store, const deployment::Layout& layout, std::filesystem::path folder,
         Timestamp now)
      : store_(store), layout_(layout), folder_(std::move(folder)), now_(now) {}

  Result<Exported> run() && {
    TRY_ASSIGN(const deployment::Config config, deployment::Config::load(layout_.config()));
    account_ = config.account_id;
    TRY_ASSIGN(const std::string root, read_file(layout_.trusted_root(), kMaxCertificateFile));
    TRY_ASSIGN(const std::string issuing,
               read_file(layout_.issuing_certificate(), kMaxCertificateFile));
    TRY_ASSIGN(const std::string server,
               read_file(layout_.server_certificate(), kMaxCertificateFile));
    TRY_ASSIGN(const x509::Certificate issuer, x509::Certificate::from_pem(issuing));
    TRY(read_certificates(issuer));
    TRY(write_revocation_list(issuer));
    TRY(write_acl());
    TRY(write("ca.pem", root + issuing));
    TRY(write("server-chain.pem", server + issuing));
    TRY(write("mosquitto.conf", kConfiguration));
    for (const std::string_view note : kAlways) out_.notes.emplace_back(note);
    std::string report;
    for (const std::string& note : out_.notes) report += "- " + note + "\n";
    TRY(write("report.txt", report));
    return std::move(out_);
  }

 private:
  Result<void> write(std::string_view name, std::string_view text) {
    return write_file_durably(folder_ / name, 0644, text);
  }

  Result<void> read_certificates(const x509::Certificate& issuer) {
    std::size_t foreign = 0;
    std::size_t powerless = 0;
    TRY(for_each_record(store_, query::Certificates{.provisioning_claims = true},
                        [&](const Record& record) -> Result<void> {
                          const auto& certificate = std::get<registry::Certificate>(record);
                          TRY_ASSIGN(const x509::Certificate parsed,
                                     x509::Certificate::from_pem(certificate.pem));
                          const bool is_ours = parsed.issuer() == issuer.subject();
                          if (is_identity(certificate)) {
                            TRY_ASSIGN(Client client, client_of(certificate));
                            if (!client.policies.empty()) {
                              foreign += is_ours ? 0 : 1;
                              add_client(std::move(client));
                              return {};
                            }
                            ++powerless;
                          }
                          if (is_ours) return revoke(certificate);
                          return {};
                        }));
    TRY(for_each_record(store_, query::Tombstones{}, [&](const Record& record) -> Result<void> {
      const auto& gone = std::get<registry::Tombstone>(record);
      // If the issuer is not this CA, mosquitto does not know the certificate either.
      const Bytes& issuer_key = issuer.extensions().subject_key_id;
      if (gone.issued_as != x509::issued_as(issuer.subject(), issuer_key, gone.serial)) return {};
      return revoke(gone.serial, gone.created, issuance::RevocationReason::unspecified);
    }));
    if (foreign > 0) {
      out_.notes.push_back(fmt::format(
          "{} active certificates are signed by another CA: add that CA to ca.pem and its "
          "revocation list to revoked.pem, or mosquitto refuses them",
          foreign));
    }
    if (powerless > 0) {
      out_.notes.push_back(fmt::format(
          "{} active certificates have no policy and may not connect here: they are on the "
          "revocation list",
          powerless));
    }
    return {};
  }

  Result<void> revoke(const registry::Certificate& certificate) {
    using issuance::RevocationReason;
    const bool is_claim = certificate.purpose != registry::CertificatePurpose::identity;
    return revoke(certificate.serial, certificate.modified,
                  certificate.status == CertificateStatus::revoked ? RevocationReason::unspecified
                  : is_claim ? RevocationReason::cessation_of_operation
                             : RevocationReason::certificate_hold);
  }

  Result<void> revoke(const std::string& serial_hex, Timestamp at,
                      issuance::RevocationReason reason) {
    TRY_ASSIGN(const Bytes magnitude, encoding::from_hex(serial_hex));
    TRY_ASSIGN(x509::CertificateSerial serial, x509::CertificateSerial::from_magnitude(magnitude));
    revoked_.push_back({std::move(serial), at, reason});
    return {};
  }

  Result<Client> client_of(const registry::Certificate& certificate) {
    Client client{.common_name = certificate.common_name};
    TRY(add_policies(client, registry::PolicyTarget(certificate.id)));
    std::vector<ThingName> names;
    TRY(for_each_record(store_, query::ThingsOfPrincipal{certificate.id}, [&](const Record& found) {
      names.push_back(std::get<registry::ThingPrincipal>(found).thing);
      return Result<void>();
    }));
    for (const ThingName& name : names) {
      TRY_ASSIGN(registry::Thing thing,
                 runtime::run_blocking(registry::get(store_, registry::thing_key(name))));
      client.things.push_back(std::move(thing));
      TRY(add_group_policies(client, name));
    }
    return client;
  }

  void add_client(Client client) {
    ++out_.counts["clients"];
    sets_.insert(client.policies);
    const std::string name = client.common_name;
    // Only a client with a unique name can be distinguished; the rest share the pattern lines.
    if (++names_[name] == 1) {
      alone_.insert_or_assign(name, std::move(client));
    } else {
      alone_.erase(name);
    }
  }

  Result<void> add_policies(Client& client, const registry::PolicyTarget& target) {
    TRY_ASSIGN(const std::vector<PolicyName> policies, policies_of(store_, target));
    for (const PolicyName& policy : policies) {
      client.policies.insert(policy.str());
      TRY(load_policy(policy));
    }
    return {};
  }

  Result<void> add_group_policies(Client& client, const ThingName& thing) {
    std::vector<ThingGroupName> groups;
    TRY(for_each_record(store_, query::GroupsOfThing{thing}, [&](const Record& found) {
      groups.push_back(std::get<registry::GroupMembership>(found).group);
      return Result<void>();
    }));
    for (const ThingGroupName& group : groups) {
      TRY_ASSIGN(const std::vector<ThingGroupName> line, with_ancestors(store_, group));
      for (const ThingGroupName& one : line) TRY(add_policies(client, registry::PolicyTarget(one)));
    }
    return {};
  }

  Result<void> load_policy(const PolicyName& name) {
    if (parsed_.contains(name.str())) return {};
    TRY_ASSIGN(const registry::Policy record,
               runtime::run_blocking(registry::get(store_, registry::policy_key(name))));
    TRY_ASSIGN(const std::string document, default_document(store_, record));
    TRY_ASSIGN(policy::Policy policy, policy::Policy::parse(document, name.str()));
    parsed_.emplace(name.str(), std::make_shared<const policy::Policy>(std::move(policy)));
    return {};
  }

  [[nodiscard]] Acl acl_of(const std::set<std::string>& names, const Substitutions& values) const {
    std::vector<std::shared_ptr<const policy::Policy>> policies;
    for (const std::string& name : names) policies.push_back(parsed_.at(name));
    return to_acl(policies, values, account_);
  }

  Result<void> write_revocation_list(const x509::Certificate& certificate) {
    TRY_ASSIGN(std::unique_ptr<issuance::FileSigner> signer,
               issuance::FileSigner::load(layout_.issuing_key()));
    TRY_ASSIGN(const issuance::Issuer issuer,
               issuance::Issuer::make(certificate, std::move(signer)));
    const auto seconds = std::chrono::duration_cast<Seconds>(now_.time_since_epoch()).count();
    TRY_ASSIGN(const issuance::RevocationList list,
               issuance::make_revocation_list(
                   issuer, std::move(revoked_),
                   {now_, now_ + kListLife, static_cast<std::uint64_t>(seconds)}));
    out_.counts["certificates kept out"] = list.entries;
    return write("revoked.pem", list.pem());
  }

  /// Pattern lines apply to every client, so they grant only what all clients may do.
  Acl shared_acl() {
    std::optional<Acl> out;
    for (const std::set<std::string>& set : sets_) {
      Acl one = acl_of(set, pattern_values());
      // A pattern cannot deny, and what cannot be expressed here may still be expressible for one
      // user.
      if (one.refused || !one.denied.empty()) one.topics.clear();
      out = out ? common(*out, one) : std::move(one);
    }
    return out.value_or(Acl());
  }

  Result<void> write_acl() {
    std::set<std::string> notes;
    std::string text = "# Made by imprint export. The topics of every client; %c is its id.\n";
    const Acl shared = shared_acl();
    const bool all_alone =
        std::ranges::all_of(names_, [](const auto& one) { return one.second == 1; });
    if (!all_alone) {
      for (const auto& [filter, access] : shared.topics)
        text += fmt::format("pattern {} {}\n", access_keyword(access), filter);
      out_.counts["pattern lines"] = shared.topics.size();
      notes.insert(shared.notes.begin(), shared.notes.end());
      note_shared_names(notes);
    }
    for (const auto& [name, client] : alone_) add_user(name, client, text, notes);
    out_.notes.insert(out_.notes.end(), notes.begin(), notes.end());
    return write("acl", text);
  }

  void note_shared_names(std::set<std::string>& notes) const {
    for (const auto& [name, count] : names_) {
      if (count == 1) continue;
      notes.insert(fmt::format(
          "{} certificates share the common name {}: mosquitto cannot tell these clients apart. "
          "They get the pattern lines, which use the client id, and any of them can take "
          "another's",
          count, quote(name)));
    }
    if (!alone_.empty()) notes.insert("pattern lines also apply to the clients with a unique name");
  }

  void add_user(const std::string& name, const Client& client, std::string& text,
                std::set<std::string>& notes) {
    if (!is_user_name(name)) {
      notes.insert(
          fmt::format("the common name {} cannot be written in the file: its client gets "
                      "no lines for its name",
                      quote(name)));
      return;
    }
    const Acl acl = acl_of(client.policies, values_of(client));
    notes.insert(acl.notes.begin(), acl.notes.end());
    if (acl.refused || acl.topics.empty()) return;
    text += fmt::format("\nuser {}\n", name);
    for (const std::string& filter : acl.denied) text += fmt::format("topic deny {}\n", filter);
    for (const auto& [filter, access] : acl.topics)
      text += fmt::format("topic {} {}\n", access_keyword(access), filter);
    ++out_.counts["users"];
  }

  registry::Store& store_;
  const deployment::Layout& layout_;
  const std::filesystem::path folder_;
  const Timestamp now_;
  std::string account_;
  Exported out_;
  std::vector<issuance::RevokedSerial> revoked_;
  std::map<std::string, std::shared_ptr<const policy::Policy>> parsed_;
  std::map<std::string, std::size_t> names_;  ///< clients by common name
  std::set<std::set<std::string>> sets_;      ///< the different sets of policies
  std::map<std::string, Client> alone_;       ///< by common name
};

}  // namespace

Result<Exported> export_for_mosquitto(registry::Store& store, const deployment::Layout& layout,
                                      const std::filesystem::path& folder, const Clock& clock) {
  return Export(store, layout, folder, clock.now()).run();
}

}  // namespace imprint::transfer
