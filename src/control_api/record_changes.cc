// SPDX-License-Identifier: Apache-2.0
#include "control_api/record_changes.h"

#include <algorithm>
#include <array>

#include "encoding/text.h"
#include "registry/codec.h"
#include "x509/digest.h"

namespace imprint::control_api {

namespace {

namespace json = encoding::json;
using registry::Key;
using registry::Kind;
using registry::Record;

constexpr std::size_t kMaxRecords = 32;
constexpr std::size_t kMaxMembers = 40;
constexpr std::size_t kMaxValueBytes = 256;
constexpr std::size_t kMaxBytes = 4096;  ///< of the differences of one change set

constexpr auto kNotAudited = std::to_array<std::string_view>({"created", "modified", "pem"});

/// The registration code is secret: it proves the possession of a CA's key to this account alone.
bool is_secret(const Key& key, std::string_view member) {
  if (key.kind == Kind::credential) return member == "sealed_secret";
  return key.kind == Kind::setting && key.first == "registration-code" && member == "value";
}

/// Turns members of members into paths, so that only those of many attributes that differ are
/// recorded.
void flatten(const json::object& object, const std::string& prefix, json::object& out) {
  for (const auto& member : object) {
    const std::string name = prefix + std::string(member.key());
    if (const auto* inner = member.value().if_object()) {
      flatten(*inner, name + ".", out);
    } else {
      out[name] = member.value();
    }
  }
}

json::object members_of(const Record* record) {
  json::object out;
  if (record == nullptr) return out;
  json::object stored = registry::to_json(*record);
  for (const std::string_view name : kNotAudited) stored.erase(name);
  if (const auto* setting = std::get_if<registry::Setting>(record)) {
    // A setting that holds several values has the text of a JSON object.
    if (auto value = encoding::parse_json(setting->value); value && value->is_object())
      stored["value"] = std::move(*value);
  }
  flatten(stored, "", out);
  return out;
}

json::value shown(const json::value& value) {
  const std::string text =
      value.is_string() ? std::string(value.get_string()) : encoding::to_json(value);
  if (text.size() <= kMaxValueBytes) return value;
  return json::object{{"bytes", text.size()},
                      {"sha256", encoding::to_hex(x509::sha256(as_bytes(text)))}};
}

/// "thing d-1", "policy attachment p cert/ab...": kind and name.
std::string title_of(const Key& key) {
  std::string out = fmt::format("{} {}", registry::kind_name(key.kind), key.first);
  if (!key.second.empty()) out += " " + key.second;
  return out;
}

class DiffWriter {
 public:
  void add(const Key& key, const Record* before, const Record* after) {
    json::object old = members_of(before);
    json::object now = members_of(after);
    if (before == nullptr || after == nullptr) {  // the version adds nothing to other members
      if (old.size() > 1) old.erase("version");
      if (now.size() > 1) now.erase("version");
    }
    json::object differences;
    for (const auto& member : now) {
      const json::value* was = old.if_contains(member.key());
      if (was == nullptr) was = default_of(before, member.value());
      if (was == nullptr || *was != member.value())
        add_member(key, member.key(), was, &member.value(), differences);
    }
    for (const auto& member : old) {
      if (!now.contains(member.key()))
        add_member(key, member.key(), &member.value(), default_of(after, member.value()),
                   differences);
    }
    if (differences.empty()) return;
    const std::string title = title_of(key);
    bytes_ += title.size();
    changes_[title] = std::move(differences);
  }

  void leave_out(std::size_t records) { left_out_ += records; }

  void into(json::object& detail) && {
    if (!changes_.empty()) detail["changes"] = std::move(changes_);
    if (left_out_ > 0) detail["changes_left_out"] = left_out_;
  }

 private:
  /// The value of a member that a record leaves out: a flag that is false is not written.
  static const json::value* default_of(const Record* record, const json::value& other) {
    static const json::value kFalse(false);
    return record != nullptr && other.is_bool() ? &kFalse : nullptr;
  }

  void add_member(const Key& key, std::string_view member, const json::value* before,
                  const json::value* after, json::object& differences) {
    json::object one;
    const auto put = [&](std::string_view when, const json::value* value) {
      if (value == nullptr) return;
      one[when] = is_secret(key, member) ? json::value("(secret)") : shown(*value);
    };
    put("before", before);
    put("after", after);
    const std::size_t bytes = member.size() + encoding::to_json(one).size();
    if (members_ == kMaxMembers || bytes_ + bytes > kMaxBytes) {
      ++left_out_;
      return;
    }
    ++members_;
    bytes_ += bytes;
    differences[member] = std::move(one);
  }

  json::object changes_;
  std::size_t members_ = 0;
  std::size_t bytes_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace

std::vector<Key> audited_keys(const registry::ChangeSet& changes) {
  std::vector<Key> keys;
  for (const registry::Change& change : changes.changes) {
    if (keys.size() == kMaxRecords) break;
    if (const auto* put = std::get_if<registry::Put>(&change))
      keys.push_back(registry::key_of(put->record));
    else if (const auto* erase = std::get_if<registry::Erase>(&change))
      keys.push_back(erase->key);
  }
  return keys;
}

void add_changes(json::object& detail, const registry::ChangeSet& changes,
                 const std::vector<std::optional<Record>>& before) {
  DiffWriter writer;
  std::size_t at = 0;
  for (const registry::Change& change : changes.changes) {
    const auto* put = std::get_if<registry::Put>(&change);
    const auto* erase = std::get_if<registry::Erase>(&change);
    if (put == nullptr && erase == nullptr) continue;
    if (at == before.size()) {
      writer.leave_out(1);
      continue;
    }
    const std::optional<Record>& was = before[at++];
    writer.add(put != nullptr ? registry::key_of(put->record) : erase->key, was ? &*was : nullptr,
               put != nullptr ? &put->record : nullptr);
  }
  std::move(writer).into(detail);
}

}  // namespace imprint::control_api
