// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace CLI {
class App;
class FormatterBase;
}  // namespace CLI

/// The verbs of the operator's tool, one file each. add_x() declares its flags on `app` and, when
/// the user names the verb, stores what to run, which returns the exit code.
namespace imprint::tool {

/// 0: done. 1: failed, with its cause on stderr. 2: bad usage or configuration.
enum ExitCode : int { kDone = 0, kFailed = 1, kBadUsage = 2 };

using Run = std::function<int()>;

void add_init(CLI::App& app, Run& run);
void add_doctor(CLI::App& app, Run& run);
void add_claim(CLI::App& app, Run& run);
void add_ca(CLI::App& app, Run& run);
void add_reprovision(CLI::App& app, Run& run);
void add_revocation(CLI::App& app, Run& run);
void add_env(CLI::App& app, Run& run);
void add_aws(CLI::App& app, Run& run);
void add_fleet(CLI::App& app, Run& run);
void add_credentials(CLI::App& app, Run& run);
void add_explain(CLI::App& app, Run& run);
void add_top(CLI::App& app, Run& run);
void add_template(CLI::App& app, Run& run);
/// `template set` and `template show`, under the noun.
void add_template_settings(CLI::App& noun, Run& run);
void add_list(CLI::App& app, Run& run);
void add_audit(CLI::App& app, Run& run);
/// `audit export`, under the noun.
void add_audit_export(CLI::App& noun, Run& run);
void add_alarm(CLI::App& app, Run& run);
void add_backup(CLI::App& app, Run& run);
void add_restore(CLI::App& app, Run& run);
void add_export(CLI::App& app, Run& run);
void add_import(CLI::App& app, Run& run);

/// Prints "imprint: <error>" to stderr and returns the exit code: 2 for bad input, 1 for the rest.
int report(const Error& error);
/// As above, for a verb that works on files alone: a path that does not exist is bad input, too.
int report_of_files(const Error& error);

/// Reads a file named on the command line: a path that does not lead to a file is bad input.
Result<std::string> read_argument(const std::string& path, std::size_t max_bytes);
/// As above, for a secret, which no other user may be able to read.
Result<Secret> read_secret_argument(const std::string& path, std::size_t max_bytes);
/// As above, for UTF-8 text: the error names an empty file, another encoding, a byte order mark or
/// content that is not text.
Result<std::string> read_text_argument(const std::string& path, std::size_t max_bytes);

/// A check for options that take a number: returns what is wrong with a text, or an empty string
/// when it is a number of at least `least`.
std::function<std::string(const std::string&)> whole_number_from(std::int64_t least);

/// Lists each verb by the first clause of its description; the verb's own --help has the rest.
std::shared_ptr<CLI::FormatterBase> help_formatter();

enum class Output { text, json };
/// Declares --output text|json.
void add_output(CLI::App& verb, Output& output);

}  // namespace imprint::tool
