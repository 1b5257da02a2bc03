// SPDX-License-Identifier: Apache-2.0
#include "backup/manifest.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/name.h"
#include "encoding/json.h"
#include "encoding/text.h"

namespace imprint::backup {

namespace {

namespace json = encoding::json;

constexpr std::string_view kFormat = "imprint-backup";
constexpr std::size_t kMaxPathBytes = 200;
constexpr auto kFiles = std::to_array<std::string_view>(
    {"imprint.toml", "root-ca.pem", "admin.credentials", kStoreName});
constexpr auto kFolders = std::to_array<std::string_view>({"ca", "server", "audit"});
constexpr std::string_view kFolderOfFolders = "registrations";

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return name_rules::is_alnum(c) || c == '.' || c == '_' || c == '-';
  });
}

Unexpected no_manifest(std::string_view why) {
  return fail(Fault::invalid, "{} {}; is the file a backup that imprint backup made?",
              kManifestName, why);
}

Result<std::string> text_at(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  if (value == nullptr || !value->is_string())
    return no_manifest(fmt::format("has no text in {}", member));
  return std::string(value->get_string());
}

Result<std::int64_t> number_at(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0)
    return no_manifest(fmt::format("has no whole number in {}", member));
  return value->get_int64();
}

/// Three octal digits; only the owner may write.
Result<unsigned> parse_mode(const std::string& text) {
  const bool octal = text.size() == 4 && text[0] == '0' &&
                     std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
  const unsigned mode = octal ? static_cast<unsigned>(std::stoul(text, nullptr, 8)) : 0U;
  if (!octal || (mode & 0400U) == 0 || (mode & 0133U) != 0)
    return no_manifest(fmt::format("has the mode {}", quote(text)));
  return mode;
}

Result<Entry> parse_entry(const json::value& value) {
  if (!value.is_object()) return no_manifest("has a file that is not an object");
  const json::object& object = value.get_object();
  Entry out;
  TRY_ASSIGN(out.path, text_at(object, "path"));
  if (!is_deployment_path(out.path)) {
    return no_manifest(
        fmt::format("names {}, which is not a file of a deployment", quote(out.path)));
  }
  TRY_ASSIGN(const std::string mode, text_at(object, "mode"));
  TRY_ASSIGN(out.mode, parse_mode(mode));
  TRY_ASSIGN(const std::int64_t size, number_at(object, "size"));
  out.size = static_cast<std::uint64_t>(size);
  TRY_ASSIGN(const std::string digest, text_at(object, "sha256"));
  const auto bytes = encoding::from_hex(digest);
  if (!bytes || bytes->size() != out.digest.size())
    return no_manifest(fmt::format("has no SHA-256 for {}", out.path));
  std::ranges::copy(*bytes, out.digest.begin());
  return out;
}

}  // namespace

bool is_deployment_path(std::string_view path) {
  if (path.size() > kMaxPathBytes) return false;
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::ranges::find(kFiles, path) != kFiles.end();
  const std::string_view folder = path.substr(0, slash);
  const std::string_view rest = path.substr(slash + 1);
  if (folder != kFolderOfFolders)
    return std::ranges::find(kFolders, folder) != kFolders.end() && is_plain_name(rest);
  const auto second = rest.find('/');
  return second != std::string_view::npos && is_plain_name(rest.substr(0, second)) &&
         is_plain_name(rest.substr(second + 1));
}

Result<Manifest> Manifest::parse(std::string_view text) {
  const auto parsed = encoding::parse_json(text, {.max_bytes = kMaxBytes, .max_depth = 4});
  if (!parsed) return no_manifest("is not JSON: " + parsed.error().message);
  if (!parsed->is_object()) return no_manifest("is not an object");
  const json::object& object = parsed->get_object();
  TRY_ASSIGN(const std::string format, text_at(object, "format"));
  if (format != kFormat) return no_manifest(fmt::format("has format {}", quote(format)));
  TRY_ASSIGN(const std::int64_t version, number_at(object, "version"));
  if (version != kVersion) {
    return fail(Fault::invalid,
                "the backup has format version {}; this program reads version {}: use the version "
                "of Imprint that made it, or a newer one",
                version, kVersion);
  }
  TRY_ASSIGN(const std::int64_t created, number_at(object, "created"));
  Manifest out{.created = from_milliseconds(created)};
  const json::value* files = object.if_contains("files");
  if (files == nullptr || !files->is_array()) return no_manifest("has no list in files");
  if (files->get_array().size() > kMaxEntries)
    return no_manifest(fmt::format("names more than {} files", kMaxEntries));
  std::set<std::string> seen;
  for (const json::value& file : files->get_array()) {
    TRY_ASSIGN(Entry entry, parse_entry(file));
    if (!seen.insert(entry.path).second) return no_manifest("names " + entry.path + " twice");
    out.entries.push_back(std::move(entry));
  }
  return out;
}

std::string Manifest::text() const {
  json::array files;
  for (const Entry& entry : entries) {
    files.push_back(json::object{{"path", entry.path},
                                 {"mode", fmt::format("{:04o}", entry.mode)},
                                 {"size", entry.size},
                                 {"sha256", encoding::to_hex(entry.digest)}});
  }
  return encoding::to_json(json::object{{"format", kFormat},
                                        {"version", kVersion},
                                        {"created", to_milliseconds(created)},
                                        {"files", std::move(files)}});
}

std::uint64_t Manifest::total_bytes() const {
  std::uint64_t total = 0;
  for (const Entry& entry : entries) total += entry.size;
  return total;
}

}  // namespace imprint::backup
