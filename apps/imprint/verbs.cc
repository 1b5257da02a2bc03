// SPDX-License-Identifier: Apache-2.0
#include "apps/imprint/verbs.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>

#include "base/file.h"
#include "base/name.h"
#include "encoding/text.h"

namespace imprint::tool {

int report(const Error& error) {
  fmt::print(stderr, "imprint: {}\n", describe(error));
  return error.fault == Fault::invalid ? kBadUsage : kFailed;
}

int report_of_files(const Error& error) {
  const int code = report(error);
  return error.fault == Fault::not_found ? kBadUsage : code;
}

namespace {

Error as_bad_input(Error error) {
  if (error.fault == Fault::not_found) error.fault = Fault::invalid;
  return error;
}

}  // namespace

Result<std::string> read_argument(const std::string& path, std::size_t max_bytes) {
  return read_file(path, max_bytes).map_error(&as_bad_input);
}

Result<Secret> read_secret_argument(const std::string& path, std::size_t max_bytes) {
  return read_secret_file(path, max_bytes).map_error(&as_bad_input);
}

Result<std::string> read_text_argument(const std::string& path, std::size_t max_bytes) {
  TRY_ASSIGN(std::string text, read_argument(path, max_bytes));
  const auto refuse = [&](std::string_view what) {
    return fail(Fault::invalid, "{} {}", path, what);
  };
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return refuse("is empty");
  if (text.starts_with("\xEF\xBB\xBF"))
    return refuse("begins with a byte order mark; save it as UTF-8 without one");
  const std::string_view two = std::string_view(text).substr(0, 2);
  const bool is_marked = two == "\xFF\xFE" || two == "\xFE\xFF";
  if (is_marked || (two.size() == 2 && (two[0] == '\0') != (two[1] == '\0')))
    return refuse("is UTF-16; save it as UTF-8");
  if (text.starts_with("\x30\x82"))
    return refuse(
        "is DER, the binary form of certificates; convert it to PEM: openssl x509 -inform der");
  if (!encoding::is_utf8(text) || text.find('\0') != std::string::npos)
    return refuse("is not UTF-8 text; is it the right file?");
  return text;
}

std::function<std::string(const std::string&)> whole_number_from(std::int64_t least) {
  return [least](const std::string& text) -> std::string {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && number >= least) return {};
    return fmt::format("{} is not a whole number of at least {}", quote(text), least);
  };
}

std::shared_ptr<CLI::FormatterBase> help_formatter() {
  class Formatter final : public CLI::Formatter {
   public:
    std::string make_subcommand(const CLI::App* verb) const override {
      // The description follows the example; its first clause is enough for a list.
      const std::string help = verb->get_description();
      const auto sentence = help.find("\n\n");
      std::string summary = sentence == std::string::npos ? help : help.substr(sentence + 2);
      summary = summary.substr(0, summary.find_first_of(":.;"));
      std::ranges::replace(summary, '\n', ' ');
      return fmt::format("  {:<16}{}\n", verb->get_name(), summary);
    }
  };
  return std::make_shared<Formatter>();
}

void add_output(CLI::App& verb, Output& output) {
  const std::map<std::string, Output> words = {{"text", Output::text}, {"json", Output::json}};
  verb.add_option("--output", output, "How to print the result: text or json (default text)")
      ->transform(CLI::Transformer(words))
      ->option_text("text|json");
}

}  // namespace imprint::tool
