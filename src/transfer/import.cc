// SPDX-License-Identifier: Apache-2.0
#include "transfer/import.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <set>
#include <unordered_map>

#include "base/file.h"
#include "base/name.h"
#include "encoding/text.h"
#include "provisioning/key_history.h"
#include "provisioning/template_settings.h"
#include "registry/tags.h"
#include "templates/template.h"
#include "trail/event.h"
#include "transfer/portable.h"

namespace imprint::transfer {

namespace {

namespace json = encoding::json;
using registry::Key;
using registry::Kind;
using registry::Record;

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30U;
constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20U;
constexpr std::size_t kMaxDocumentFileBytes = std::size_t{4} << 20U;
constexpr std::size_t kMaxProblems = 20;
constexpr std::size_t kFindAtOnce = 500;
constexpr std::size_t kMaxGroupDepth = 8;  // AWS IoT quota: 7 levels below the root group

/// A record and the place it was read from.
struct Item {
  std::string file;
  std::string place;  ///< "things.ndjson:12", for messages
  Record record;
};

/// The problems found, by place; the first ones in full, and the number of all.
class Problems {
 public:
  void add(const std::string& place, const std::string& message) {
    if (++count_ <= kMaxProblems) lines_.push_back(fmt::format("{}: {}", place, message));
  }
  void add(const std::string& place, const Error& error) { add(place, describe(error)); }
  [[nodiscard]] Result<void> result() const {
    if (count_ == 0) return {};
    const std::string more =
        count_ > kMaxProblems ? fmt::format("\n  and {} more", count_ - kMaxProblems) : "";
    return fail(Fault::invalid, "nothing was imported; {} {}:\n  {}{}", count_,
                count_ == 1 ? "problem" : "problems", fmt::join(lines_, "\n  "), more);
  }

 private:
  std::size_t count_ = 0;
  std::vector<std::string> lines_;
};

/// Reads the files of an export folder into items.
class Folder {
 public:
  Folder(std::filesystem::path path, Problems& problems)
      : path_(std::move(path)), problems_(problems) {}

  Result<std::vector<Item>> read() && {
    TRY(check_manifest());
    for (const Section& section : kSections) TRY(read_section(section));
    TRY(read_documents(kPolicies, "policy", Kind::policy, Kind::policy_version));
    TRY(read_documents(kTemplates, "template", Kind::provisioning_template,
                       Kind::provisioning_template_version));
    return std::move(items_);
  }

 private:
  Result<void> check_manifest() {
    auto text = read_file(path_ / kManifest, kMaxLineBytes);
    if (!text) {
      return fail(Fault::not_found, "{}; is {} a folder that imprint export made?",
                  text.error().message, path_.string());
    }
    const auto manifest = encoding::parse_json(*text);
    const auto* object = manifest ? manifest->if_object() : nullptr;
    const auto* format = object == nullptr ? nullptr : object->if_contains("format");
    const auto* version = object == nullptr ? nullptr : object->if_contains("version");
    const auto* number = version == nullptr ? nullptr : version->if_int64();
    if (format == nullptr || *format != json::value(kFormat) || number == nullptr ||
        *number < kOldestVersion || *number > kVersion) {
      return fail(Fault::invalid,
                  "{}: must say format {} and version {} to {}; was the folder made by another "
                  "version?",
                  (path_ / kManifest).string(), kFormat, kOldestVersion, kVersion);
    }
    return {};
  }

  void take(const std::string& file, const std::string& place, Kind kind,
            const json::value& value) {
    auto record = from_portable(kind, value);
    if (!record) return problems_.add(place, record.error());
    if (const auto sound = check_record(*record); !sound) problems_.add(place, sound.error());
    items_.push_back({file, place, std::move(*record)});
  }

  /// A missing file counts as empty: an import may contain only a part.
  Result<void> read_section(const Section& section) {
    const std::string file(section.file);
    auto text = read_file(path_ / file, kMaxFileBytes);
    if (!text && text.error().fault == Fault::not_found) return {};
    if (!text) return tl::unexpected(text.error());
    std::string_view rest = *text;
    for (std::size_t number = 1; !rest.empty(); ++number) {
      const auto end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      const std::string place = fmt::format("{}:{}", file, number);
      const auto value = encoding::parse_json(line, {.max_bytes = kMaxLineBytes});
      if (!value) {
        problems_.add(place, value.error());
        continue;
      }
      take(file, place, section.kind, *value);
    }
    return {};
  }

  Result<void> read_documents(std::string_view folder, const char* member, Kind kind,
                              Kind version_kind) {
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(path_ / folder, error))
      files.push_back(file.path());
    std::ranges::sort(files);
    for (const auto& path : files) {
      const std::string place = fmt::format("{}/{}", folder, path.filename().string());
      auto text = read_file(path, kMaxDocumentFileBytes);
      if (!text) return tl::unexpected(text.error());
      const auto value = encoding::parse_json(*text, {.max_bytes = kMaxDocumentFileBytes});
      if (!value) {
        problems_.add(place, value.error());
        continue;
      }
      read_document(std::string(folder), place, *value, member, kind, version_kind);
    }
    return {};
  }

  void read_document(const std::string& folder, const std::string& place, const json::value& value,
                     const char* member, Kind kind, Kind version_kind) {
    const auto* object = value.if_object();
    const auto* record = object == nullptr ? nullptr : object->if_contains(member);
    const auto* versions = object == nullptr ? nullptr : object->if_contains("versions");
    if (record == nullptr || versions == nullptr || !versions->is_array() || object->size() != 2) {
      return problems_.add(place,
                           fmt::format("must be an object of \"{}\" and \"versions\"", member));
    }
    take(folder, place, kind, *record);
    for (std::size_t i = 0; i < versions->get_array().size(); ++i)
      take(folder, fmt::format("{}: versions[{}]", place, i), version_kind,
           versions->get_array()[i]);
  }

  std::filesystem::path path_;
  Problems& problems_;
  std::vector<Item> items_;
};

/// The records that a record refers to, which must exist when it is imported.
struct References {
  std::vector<Key> operator()(const registry::Thing& r) const {
    if (!r.type) return {};
    return {registry::thing_type_key(*r.type)};
  }
  std::vector<Key> operator()(const registry::ThingGroup& r) const {
    if (!r.parent) return {};
    return {registry::thing_group_key(*r.parent)};
  }
  std::vector<Key> operator()(const registry::GroupMembership& r) const {
    return {registry::thing_key(r.thing), registry::thing_group_key(r.group)};
  }
  std::vector<Key> operator()(const registry::ThingPrincipal& r) const {
    return {registry::thing_key(r.thing), registry::certificate_key(r.certificate)};
  }
  std::vector<Key> operator()(const registry::PolicyAttachment& r) const {
    if (const auto* id = std::get_if<CertificateId>(&r.target))
      return {registry::policy_key(r.policy), registry::certificate_key(*id)};
    return {registry::policy_key(r.policy),
            registry::thing_group_key(std::get<ThingGroupName>(r.target))};
  }
  std::vector<Key> operator()(const registry::Policy& r) const {
    return {registry::policy_version_key(r.name, r.default_version)};
  }
  std::vector<Key> operator()(const registry::PolicyVersion& r) const {
    return {registry::policy_key(r.policy)};
  }
  std::vector<Key> operator()(const registry::ProvisioningTemplate& r) const {
    std::vector<Key> out = {registry::template_version_key(r.name, r.default_version)};
    const auto list = r.settings.find("allowlist");
    if (list == r.settings.end() || list->second == provisioning::kNoList) return out;
    if (const auto name = ListName::parse(list->second))
      out.push_back(registry::manufacturing_list_key(*name));
    return out;
  }
  std::vector<Key> operator()(const registry::ProvisioningTemplateVersion& r) const {
    return {registry::template_key(r.template_name)};
  }
  std::vector<Key> operator()(const registry::ListEntry& r) const {
    return {registry::manufacturing_list_key(r.list)};
  }
  std::vector<Key> operator()(const registry::CaCertificate& r) const {
    if (!r.registration || !r.registration->template_name) return {};
    return {registry::template_key(*r.registration->template_name)};
  }
  std::vector<Key> operator()(const registry::ResourceTags& r) const {
    const auto resource = registry::parse_resource_name(r.resource);
    if (!resource) return {};
    return {resource->key};
  }
  std::vector<Key> operator()(const auto&) const { return {}; }
};

using Known = std::unordered_map<Key, Record>;

/// Those of the wanted keys that the store has.
Result<Known> find_known(registry::Store& store, const std::set<Key>& wanted) {
  Known out;
  const std::vector<Key> keys(wanted.begin(), wanted.end());
  for (std::size_t at = 0; at < keys.size(); at += kFindAtOnce) {
    const std::size_t end = std::min(at + kFindAtOnce, keys.size());
    const std::vector<Key> some(keys.begin() + static_cast<std::ptrdiff_t>(at),
                                keys.begin() + static_cast<std::ptrdiff_t>(end));
    TRY_ASSIGN(auto found, runtime::run_blocking(store.find(some)));
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (found[i]) out.emplace(some[i], std::move(*found[i]));
    }
  }
  return out;
}

/// Checks all items against each other and against the store.
class Checker {
 public:
  Checker(const std::vector<Item>& items, const Known& known, Problems& problems)
      : items_(items), known_(known), problems_(problems) {}

  void run() {
    for (const Item& item : items_) {
      const Key key = registry::key_of(item.record);
      const auto [other, is_new] = ours_.emplace(key, &item);
      if (!is_new) {
        problems_.add(item.place,
                      fmt::format("{} {} was already given at {}", registry::kind_name(key.kind),
                                  quote(key.first), other->second->place));
      }
    }
    for (const Item& item : items_) {
      check_references(item);
      check_existing(item);
      check_template(item);
      check_number(item);
      check_template_of_ca(item);
      check_ancestors(item);
      check_membership(item);
      check_revocation(item);
    }
  }

 private:
  [[nodiscard]] const Record* find(const Key& key) const {
    if (const auto it = ours_.find(key); it != ours_.end()) return &it->second->record;
    const auto it = known_.find(key);
    return it == known_.end() ? nullptr : &it->second;
  }

  void check_references(const Item& item) {
    for (const Key& key : std::visit(References{}, item.record)) {
      if (find(key) != nullptr) continue;
      problems_.add(item.place,
                    fmt::format("{} {} is neither in the folder nor in the registry",
                                registry::kind_name(key.kind),
                                quote(key.second.empty() || key.kind != Kind::policy_version
                                          ? key.first
                                          : key.first + " " + key.second)));
    }
  }

  void check_existing(const Item& item) {
    const auto it = known_.find(registry::key_of(item.record));
    if (it == known_.end() || to_portable(it->second) == to_portable(item.record)) return;
    problems_.add(item.place,
                  fmt::format("{} {} is in the registry already and differs; delete it there or "
                              "remove it here",
                              registry::kind_name(it->first.kind), quote(it->first.first)));
  }

  void check_template(const Item& item) {
    const auto* version = std::get_if<registry::ProvisioningTemplateVersion>(&item.record);
    if (version == nullptr) return;
    const Record* record = find(registry::template_key(version->template_name));
    if (record == nullptr) return;
    const bool jitp =
        std::get<registry::ProvisioningTemplate>(*record).type == registry::TemplateType::jitp;
    const auto parsed = templates::Template::parse(
        version->body, jitp ? templates::Use::jitp : templates::Use::fleet);
    if (!parsed) problems_.add(item.place, parsed.error());
  }

  /// A reused number would give two versions the same name.
  void check_number(const Item& item) {
    std::int64_t number = 0;
    std::int64_t last = 0;
    if (const auto* version = std::get_if<registry::PolicyVersion>(&item.record)) {
      const Record* record = find(registry::policy_key(version->policy));
      if (record == nullptr) return;
      number = version->number;
      last = std::get<registry::Policy>(*record).last_version;
    } else if (const auto* body =
                   std::get_if<registry::ProvisioningTemplateVersion>(&item.record)) {
      const Record* record = find(registry::template_key(body->template_name));
      if (record == nullptr) return;
      number = body->number;
      last = std::get<registry::ProvisioningTemplate>(*record).last_version;
    }
    if (number > last)
      problems_.add(item.place, fmt::format("number {} is after last_version {}", number, last));
  }

  void check_template_of_ca(const Item& item) {
    const auto* ca = std::get_if<registry::CaCertificate>(&item.record);
    if (ca == nullptr || !ca->registration || !ca->registration->template_name) return;
    const Record* record = find(registry::template_key(*ca->registration->template_name));
    if (record == nullptr ||
        std::get<registry::ProvisioningTemplate>(*record).type == registry::TemplateType::jitp)
      return;
    problems_.add(item.place, fmt::format("template {} is not of type JITP",
                                          quote(ca->registration->template_name->str())));
  }

  void check_ancestors(const Item& item) {
    const auto* group = std::get_if<registry::ThingGroup>(&item.record);
    if (group == nullptr) return;
    std::optional<ThingGroupName> parent = group->parent;
    for (std::size_t depth = 1; parent; ++depth) {
      if (depth > kMaxGroupDepth) {
        return problems_.add(item.place, fmt::format("the group is more than {} levels deep, or "
                                                     "its parents form a cycle",
                                                     kMaxGroupDepth));
      }
      const Record* next = find(registry::thing_group_key(*parent));
      if (next == nullptr) return;
      parent = std::get<registry::ThingGroup>(*next).parent;
    }
  }

  void check_membership(const Item& item) {
    const auto* membership = std::get_if<registry::GroupMembership>(&item.record);
    if (membership == nullptr) return;
    const Record* group = find(registry::thing_group_key(membership->group));
    if (group != nullptr && std::get<registry::ThingGroup>(*group).is_dynamic()) {
      problems_.add(item.place, fmt::format("thing group {} is dynamic: its query decides what is "
                                            "in it; remove the line",
                                            quote(membership->group.str())));
    }
  }

  void check_revocation(const Item& item) {
    const auto* tombstone = std::get_if<registry::Tombstone>(&item.record);
    if (tombstone == nullptr || find(registry::certificate_key(tombstone->certificate)) == nullptr)
      return;
    problems_.add(item.place, fmt::format("certificate {} exists; a revocation stands for a "
                                          "deleted certificate: remove one of the two",
                                          tombstone->certificate.hex()));
  }

  const std::vector<Item>& items_;
  const Known& known_;
  Problems& problems_;
  std::unordered_map<Key, const Item*> ours_;
};

/// A key that was taken out of service in the exporting deployment must not stay in service here.
Result<void> check_tombstone(registry::Store& store, const Item& item,
                             const registry::Tombstone& gone, Problems& problems) {
  const registry::query::SameIdentity identity{gone.public_key, gone.issued_as};
  TRY_ASSIGN(const provisioning::KeyHistory history,
             runtime::run_blocking(provisioning::read_key_history(store, identity)));
  for (const registry::Certificate& other : history.certificates) {
    if (other.status != registry::CertificateStatus::active || other.public_key != gone.public_key)
      continue;
    problems.add(item.place,
                 Error{Fault::conflict,
                       fmt::format("its key is in service here, with certificate {}; revoke that "
                                   "one first: aws iot update-certificate --new-status REVOKED "
                                   "--certificate-id {}",
                                   other.id.hex(), other.id.hex())});
  }
  return {};
}

/// A certificate that is new here must not bring back a key that is out of service here.
Result<void> check_keys(registry::Store& store, const std::vector<Item>& items, const Known& known,
                        Problems& problems) {
  for (const Item& item : items) {
    if (const auto* gone = std::get_if<registry::Tombstone>(&item.record))
      TRY(check_tombstone(store, item, *gone, problems));
    const auto* certificate = std::get_if<registry::Certificate>(&item.record);
    if (certificate == nullptr || certificate->status == registry::CertificateStatus::revoked ||
        known.contains(registry::key_of(item.record)))
      continue;
    const registry::query::SameIdentity identity = provisioning::identity_of(*certificate);
    TRY_ASSIGN(const provisioning::KeyHistory history,
               runtime::run_blocking(provisioning::read_key_history(store, identity)));
    const auto stands = provisioning::check_key_history(history, identity, certificate->id,
                                                        provisioning::AskedBy::operator_call);
    if (!stands) problems.add(item.place, stands.error());
  }
  return {};
}

}  // namespace

Result<Imported> import_registry(const std::filesystem::path& folder, registry::Store& store,
                                 const Clock& clock) {
  Problems problems;
  TRY_ASSIGN(std::vector<Item> items, Folder(folder, problems).read());
  std::set<Key> wanted;
  for (const Item& item : items) {
    wanted.insert(registry::key_of(item.record));
    for (Key& key : std::visit(References{}, item.record)) wanted.insert(std::move(key));
  }
  TRY_ASSIGN(const Known known, find_known(store, wanted));
  Checker(items, known, problems).run();
  TRY(check_keys(store, items, known, problems));
  TRY(problems.result());

  Imported out;
  registry::ChangeSet changes;
  for (Item& item : items) {
    if (known.contains(registry::key_of(item.record))) {
      ++out.unchanged;
      continue;
    }
    ++out.added[item.file];
    const auto* group = std::get_if<registry::ThingGroup>(&item.record);
    if (group != nullptr && group->is_dynamic()) {
      changes.changes.emplace_back(registry::Count{std::string(registry::kDynamicGroupsCounter), 1,
                                                   registry::kMaxDynamicGroups});
    }
    if (const auto* entry = std::get_if<registry::ListEntry>(&item.record))
      changes.changes.emplace_back(registry::Count{registry::entries_counter(entry->list), 1});
    changes.changes.emplace_back(registry::Put{std::move(item.record), registry::Expect::absent()});
  }
  if (changes.changes.empty()) return out;
  json::object detail;
  for (const auto& [file, count] : out.added) detail[file] = count;
  changes.events.push_back(trail::record({.time = clock.now(), .actor = "imprint import"},
                                         "import"_step, trail::Outcome::ok, {}, std::move(detail)));
  TRY(runtime::run_blocking(store.commit(std::move(changes))));
  return out;
}

}  // namespace imprint::transfer
