// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "apps/imprint/verbs.h"
#include "base/file.h"

namespace imprint::tool {

int report(const Error& error) {
  fmt::print(stderr, "imprint: {}\n", describe(error));
  return error.fault == Fault::invalid ? kBadUsage : kFailed;
}

int report_of_files(const Error& error) {
  const int code = report(error);
  return error.fault == Fault::not_found ? kBadUsage : code;
}

Result<std::string> read_argument(const std::string& path, std::size_t max_bytes) {
  auto text = read_file(path, max_bytes);
  if (!text && text.error().fault == Fault::not_found) text.error().fault = Fault::invalid;
  return text;
}

std::shared_ptr<CLI::FormatterBase> help_formatter() {
  class Formatter final : public CLI::Formatter {
   public:
    std::string make_subcommand(const CLI::App* verb) const override {
      // After the example comes the sentence; its first clause is enough for a list.
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
