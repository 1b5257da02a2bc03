// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/verbs.h"
#include "base/clock.h"
#include "deployment/staging.h"
#include "encoding/json.h"
#include "registry/sqlite/snapshot.h"
#include "registry/sqlite/sqlite_store.h"
#include "transfer/formats.h"
#include "transfer/import.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kExportHelp =
    "Example:\n"
    "  imprint export /var/lib/imprint ./export\n"
    "  imprint export /var/lib/imprint ./for-aws --format aws\n"
    "  imprint export /var/lib/imprint ./for-mosquitto --format mosquitto\n"
    "\n"
    "Writes the registry as files that people and other systems can read, as of one moment,\n"
    "even while it serves: things, types, groups, certificates, policies, templates. No\n"
    "private key is among them.\n"
    "Formats: imprint (for imprint import), aws (bulk registration), mosquitto (a\n"
    "configuration). docs/leaving.md explains how to use them.";

constexpr const char* kImportHelp =
    "Example:\n"
    "  imprint import ./export /var/lib/imprint\n"
    "\n"
    "Reads a folder that imprint export wrote, perhaps edited, into a deployment whose server\n"
    "is stopped. Everything is checked first and then applied as one change. Entries that are\n"
    "already there and identical are kept, so importing twice changes nothing.";

struct Arguments {
  std::string directory;
  std::string folder;
  std::string format = "imprint";
  Output output = Output::text;
};

json::object to_json(const transfer::Counts& counts) {
  json::object out;
  for (const auto& [file, count] : counts) out[file] = count;
  return out;
}

void print_counts(const transfer::Counts& counts) {
  for (const auto& [file, count] : counts) fmt::print("  {:<28}  {}\n", file, count);
}

/// Exports from a copy of the store, so that the files show one moment of it; the copy is deleted
/// with its folder.
Result<transfer::Exported> export_copy(const deployment::Layout& layout,
                                       const std::filesystem::path& copy,
                                       const std::filesystem::path& folder,
                                       const std::string& format) {
  TRY(registry::copy_store(layout.store(), copy / "imprint.db"));
  TRY_ASSIGN(const std::unique_ptr<registry::SqliteStore> store,
             registry::SqliteStore::open(copy / "imprint.db"));
  return transfer::export_as(format, *store, layout, folder, SystemClock());
}

Result<transfer::Exported> run_export(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY(expect_deployment(layout));
  if (!std::filesystem::exists(layout.store())) {
    return fail(Fault::not_found, "{} does not exist; is {} a deployment that has been served?",
                layout.store().string(), arguments.directory);
  }
  SystemRandom random;
  TRY_ASSIGN(deployment::Staging staging, deployment::Staging::make(arguments.folder, random));
  const std::filesystem::path copy = staging.path() / ".store";
  TRY(deployment::make_folder(copy));
  auto exported = export_copy(layout, copy, staging.path(), arguments.format);
  if (!exported) return exported;
  std::error_code error;
  std::filesystem::remove_all(copy, error);
  if (error)
    return fail(Fault::unavailable, "cannot remove {}: {}", copy.string(), error.message());
  TRY(staging.finish());
  return exported;
}

int export_and_print(const Arguments& arguments) {
  const auto done = run_export(arguments);
  if (!done) return report(done.error());
  if (arguments.output == Output::json) {
    json::array notes;
    for (const std::string& note : done->notes) notes.emplace_back(note);
    fmt::print("{}\n", encoding::to_json(json::object{{"folder", arguments.folder},
                                                      {"format", arguments.format},
                                                      {"written", to_json(done->counts)},
                                                      {"notes", std::move(notes)}}));
    return kDone;
  }
  fmt::print("Exported to {}\n", arguments.folder);
  print_counts(done->counts);
  for (const std::string& note : done->notes) fmt::print("note: {}\n", note);
  return kDone;
}

Result<transfer::Imported> run_import(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  if (!std::filesystem::exists(layout.config()) &&
      !std::filesystem::exists(layout.admin_credentials())) {
    return fail(Fault::not_found, "{} is not a deployment; make one: imprint init {}",
                arguments.directory, arguments.directory);
  }
  TRY_ASSIGN(const std::unique_ptr<registry::SqliteStore> store,
             registry::SqliteStore::open(layout.store()));
  return transfer::import_registry(arguments.folder, *store, SystemClock());
}

int import_and_print(const Arguments& arguments) {
  const auto done = run_import(arguments);
  if (!done) return report_of_files(done.error());
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(json::object{{"added", to_json(done->added)},
                                                      {"unchanged", done->unchanged}}));
    return kDone;
  }
  fmt::print("Imported into {}\n", arguments.directory);
  print_counts(done->added);
  fmt::print("  {:<28}  {}\n", "there already", done->unchanged);
  return kDone;
}

}  // namespace

void add_export(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("export", kExportHelp);
  verb->add_option("DIR", arguments->directory, "Deployment directory")->required();
  verb->add_option("FOLDER", arguments->folder, "Folder to make")->required();
  verb->add_option("--format", arguments->format,
                   "The format: imprint, aws or mosquitto (default imprint)")
      ->check(CLI::IsMember({"imprint", "aws", "mosquitto"}))
      ->option_text("imprint|aws|mosquitto");
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] { run = [arguments] { return export_and_print(*arguments); }; });
}

void add_import(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("import", kImportHelp);
  verb->add_option("FOLDER", arguments->folder, "Folder that imprint export wrote")->required();
  verb->add_option("DIR", arguments->directory, "Deployment directory")->required();
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] { run = [arguments] { return import_and_print(*arguments); }; });
}

}  // namespace imprint::tool
