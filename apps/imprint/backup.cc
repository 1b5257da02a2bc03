// SPDX-License-Identifier: Apache-2.0
#include "backup/backup.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/verbs.h"
#include "base/clock.h"
#include "encoding/json.h"

namespace imprint::tool {

namespace {

constexpr const char* kBackupHelp =
    "Example:\n"
    "  imprint backup /var/lib/imprint /backup/imprint.tar\n"
    "\n"
    "Copies a deployment to one file, consistently even while it serves: store,\n"
    "configuration, CAs, server certificate and credentials. The file (mode 0600) holds every\n"
    "private key: protect it as you protect those, for instance by encryption. It includes\n"
    "the archive of the audit trail, the reports of bulk registrations, and the input of\n"
    "those in progress, but not uploads/: the person who uploaded a file has it. A damaged\n"
    "store is refused. An older backup of that name is replaced once the new one is complete.";

constexpr const char* kRestoreHelp =
    "Example:\n"
    "  imprint restore /backup/imprint.tar /var/lib/imprint\n"
    "  imprint doctor /var/lib/imprint && imprintd /var/lib/imprint\n"
    "\n"
    "Restores a deployment from a backup: every file is checked against the SHA-256 in the\n"
    "backup's manifest, the store is read through, and the directory appears only when all of\n"
    "it is sound. Refuses a directory that exists. Never let two servers run from one\n"
    "deployment: neither knows what the other has issued.";

struct Arguments {
  std::string directory;
  std::string file;
  Output output = Output::text;
};

int print(const Arguments& arguments, const backup::Manifest& manifest, std::string_view text) {
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(encoding::json::object{
                           {"directory", arguments.directory},
                           {"file", arguments.file},
                           {"files", manifest.entries.size()},
                           {"bytes", manifest.total_bytes()},
                           {"created", to_milliseconds(manifest.created) / 1000}}));
  } else {
    fmt::print("{}: {} files, {} bytes\n", text, manifest.entries.size(), manifest.total_bytes());
  }
  return kDone;
}

int run_backup(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  if (const auto there = expect_deployment(layout); !there) return report(there.error());
  const auto done = backup::back_up(layout, arguments.file, SystemClock());
  if (!done) return report(done.error());
  return print(arguments, *done, "Backed up to " + arguments.file);
}

int run_restore(const Arguments& arguments) {
  SystemRandom random;
  const auto done = backup::restore(arguments.file, arguments.directory, random);
  if (!done) return report_of_files(done.error());
  return print(arguments, *done, "Restored to " + arguments.directory);
}

}  // namespace

void add_backup(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("backup", kBackupHelp);
  verb->add_option("DIR", arguments->directory, "Deployment directory")->required();
  verb->add_option("FILE", arguments->file, "Backup to write")->required();
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] { run = [arguments] { return run_backup(*arguments); }; });
}

void add_restore(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("restore", kRestoreHelp);
  verb->add_option("FILE", arguments->file, "Backup to read")->required();
  verb->add_option("DIR", arguments->directory, "Directory to make")->required();
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] { run = [arguments] { return run_restore(*arguments); }; });
}

}  // namespace imprint::tool
