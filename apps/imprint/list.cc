// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <set>
#include <unistd.h>
#include <unordered_map>

#include "apps/imprint/access.h"
#include "apps/imprint/deployment_verb.h"
#include "apps/imprint/verbs.h"
#include "base/file.h"
#include "encoding/text.h"
#include "manufacturing/row_reader.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;
using manufacturing::Columns;
using manufacturing::Numbered;

constexpr const char* kHelp =
    "Example:\n"
    "  imprint list create /var/lib/imprint line-a\n"
    "  imprint list import /var/lib/imprint line-a units.csv\n"
    "  imprint template set /var/lib/imprint Sensors allowlist=line-a\n"
    "\n"
    "Manages manufacturing lists: the units that were made, so that no other device gets in.\n"
    "Asks the running server; changes apply from the next device on.";

constexpr const char* kCreateHelp =
    "Example:\n"
    "  imprint list create /var/lib/imprint line-a --description 'Line A, Dresden'\n"
    "\n"
    "Makes an empty list, or changes the description of an existing one.";
constexpr const char* kImportHelp =
    "Example:\n"
    "  imprint list import /var/lib/imprint line-a units.csv\n"
    "  imprint list import /var/lib/imprint line-a units.ndjson --keep-going\n"
    "\n"
    "Imports a file of units into a list: CSV (RFC 4180, with commas, semicolons or tabs)\n"
    "whose first line names the columns, or one JSON object per line. Columns are serial,\n"
    "template, product_line, region, state (allowed or blocked) and any of your own. The\n"
    "whole file is checked first, and no row is imported when one is wrong. A unit that is\n"
    "already on the list is replaced, so a file may be imported again; units that the file\n"
    "does not name stay.";
constexpr const char* kShowHelp =
    "Example:\n"
    "  imprint list show /var/lib/imprint\n"
    "  imprint list show /var/lib/imprint line-a\n"
    "\n"
    "Shows all lists, or one with the number of its units.";
constexpr const char* kLookupHelp =
    "Example:\n"
    "  imprint list lookup /var/lib/imprint line-a SN-0042\n"
    "\n"
    "Shows one unit of a list; exit code 1 when the unit is not on it.";
constexpr const char* kSetHelp =
    "Example:\n"
    "  imprint list set /var/lib/imprint line-a SN-0042\n"
    "  imprint list set /var/lib/imprint line-a SN-0042 region=eu state=blocked\n"
    "\n"
    "Puts one unit on a list, or changes columns of a unit that is on it; an empty value\n"
    "removes a column.";
constexpr const char* kRemoveHelp =
    "Example:\n"
    "  imprint list remove /var/lib/imprint line-a SN-0042\n"
    "\n"
    "Takes one unit off a list.";
constexpr const char* kDeleteHelp =
    "Example:\n"
    "  imprint list delete /var/lib/imprint line-a\n"
    "\n"
    "Deletes a list with all its units; refused while a template uses it.";

struct Arguments {
  std::string directory;
  std::string name;
  std::string description;
  std::string file;
  std::string format;
  bool keep_going = false;
  std::string serial;
  std::vector<std::string> columns;
  Output output = Output::text;
};

std::string path_of(const Arguments& arguments) {
  return "/imprint/v1/lists/" + encoding::percent_encode(arguments.name);
}

std::string entry_path(const Arguments& arguments) {
  return path_of(arguments) + "/entry?serial=" + encoding::percent_encode(arguments.serial);
}

Result<json::object> ask(const Arguments& arguments, const std::string& method,
                         const std::string& path, const json::object& body = {}) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(json::value answer, call(layout, server, method, path, body));
  if (!answer.is_object()) return fail(Fault::internal, "the server's answer is not an object");
  return std::move(answer.get_object());
}

/// The API's times are seconds in members called ...Date.
std::string shown(std::string_view name, const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  const bool is_time = name.ends_with("Date") && value.is_number();
  return is_time ? shown_time(value.to_number<double>()) : encoding::to_json(value);
}

void print_members(const json::object& object) {
  for (const auto& member : object) {
    const std::string_view name = member.key();
    fmt::print("  {:<16} {}\n", name, shown(name, member.value()));
  }
}

// ---- import ----

Result<manufacturing::Source> open_source(const std::string& path) {
  auto file = std::make_shared<FileDescriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file->is_open() && errno == ENOENT)
    return fail(Fault::invalid, "cannot read {}: it does not exist", path);
  if (!file->is_open()) return system_failure("read", path);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return fail(Fault::invalid, "{} is a folder; name the file in it", path);
  return manufacturing::Source([file, path]() -> Result<std::string> {
    constexpr std::size_t kAtOnce = std::size_t{64} * 1024;
    std::string bytes(kAtOnce, '\0');
    const ssize_t got = ::read(file->get(), bytes.data(), bytes.size());
    if (got < 0) return system_failure("read", path);
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  });
}

Result<manufacturing::Format> format_of(const Arguments& arguments) {
  if (arguments.format.empty()) return manufacturing::format_of(arguments.file);
  return arguments.format == "csv" ? manufacturing::Format::csv : manufacturing::Format::ndjson;
}

struct Imported {
  std::int64_t rows = 0;
  std::int64_t wrong = 0;
  std::int64_t added = 0;
  std::int64_t changed = 0;
  std::int64_t unchanged = 0;
};

/// The serials of a file so far, to find one that is repeated with different columns. A file of a
/// million rows takes some 60 MB.
class SeenSerials {
 public:
  /// Fault::invalid when the serial appears in an earlier row with other columns.
  Result<void> add(const Columns& columns, std::int64_t line) {
    const std::hash<std::string> hash;
    const std::string& serial = columns.at(std::string(manufacturing::kSerial));
    const std::size_t row = hash(encoding::to_json(manufacturing::to_json(columns)));
    const auto [known, is_new] = rows_.try_emplace(hash(serial), Row{row, line});
    if (is_new || known->second.hash == row) return {};
    return fail_at(Fault::invalid, std::string(manufacturing::kSerial),
                   "{} is already in line {} with other columns; keep one of the two",
                   quote(serial), known->second.line);
  }

 private:
  struct Row {
    std::size_t hash;
    std::int64_t line;
  };
  std::unordered_map<std::size_t, Row> rows_;
};

Result<void> check_row(const ListName& list, const Numbered<Columns>& row, SeenSerials& seen) {
  if (!row.value) return tl::unexpected(row.value.error());
  TRY(manufacturing::make_entry(list, *row.value));
  return seen.add(*row.value, row.line);
}

/// Passes on the rows of a file that can be entries; reports the others on stderr.
Result<void> each_row(const Arguments& arguments, const ListName& list, Imported& counts,
                      const std::function<Result<void>(const Columns&)>& take) {
  constexpr std::int64_t kMostNamed = 20;
  TRY_ASSIGN(const manufacturing::Format format, format_of(arguments));
  TRY_ASSIGN(manufacturing::Source source, open_source(arguments.file));
  auto rows = manufacturing::RowReader::open(format, std::move(source));
  if (!rows) return fail(Fault::invalid, "{}:1: {}", arguments.file, describe(rows.error()));
  SeenSerials seen;
  while (true) {
    TRY_ASSIGN(const std::optional<Numbered<Columns>> row, rows->next());
    if (!row) return {};
    ++counts.rows;
    const Result<void> checked = check_row(list, *row, seen);
    if (checked) {
      TRY(take(*row->value));
      continue;
    }
    if (++counts.wrong <= kMostNamed)
      fmt::print(stderr, "imprint: {}:{}: {}\n", arguments.file, row->line,
                 describe(checked.error()));
  }
}

/// Collects rows and sends them when there are enough for one request.
class Sender {
 public:
  Sender(const Arguments& arguments, Imported& counts) : arguments_(arguments), counts_(counts) {}

  Result<void> add(const Columns& columns) {
    constexpr std::size_t kMaxRows = 1000;
    constexpr std::size_t kMaxBytes = std::size_t{512} * 1024;
    // A row may appear twice in the file, but one request names a unit only once.
    const std::string& serial = columns.at(std::string(manufacturing::kSerial));
    if (batch_.size() == kMaxRows || bytes_ > kMaxBytes || serials_.contains(serial)) TRY(flush());
    json::object row = manufacturing::to_json(columns);
    bytes_ += encoding::to_json(row).size();
    serials_.insert(serial);
    batch_.emplace_back(std::move(row));
    return {};
  }

  Result<void> flush() {
    if (batch_.empty()) return {};
    const std::size_t rows = batch_.size();
    TRY_ASSIGN(const json::object answer, ask(arguments_, "POST", path_of(arguments_) + "/entries",
                                              {{"entries", std::exchange(batch_, {})}}));
    bytes_ = 0;
    serials_.clear();
    const auto number = [&](std::string_view member) {
      const auto* value = answer.if_contains(member);
      return value != nullptr && value->is_int64() ? value->get_int64() : 0;
    };
    counts_.added += number("added");
    counts_.changed += number("changed");
    counts_.unchanged += number("unchanged");
    sent_ += rows;
    if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r{} rows", sent_);
    return {};
  }

 private:
  const Arguments& arguments_;
  Imported& counts_;
  json::array batch_;
  std::set<std::string, std::less<>> serials_;
  std::size_t bytes_ = 0;
  std::size_t sent_ = 0;
};

Result<int> import_file(const Arguments& arguments) {
  const auto list = ListName::parse(arguments.name);
  if (!list) return tl::unexpected(list.error());
  TRY(open_source(arguments.file));
  TRY(ask(arguments, "GET", path_of(arguments)));
  if (!arguments.keep_going) {
    Imported checked;
    TRY(each_row(arguments, *list, checked, [](const Columns&) { return Result<void>(); }));
    if (checked.wrong > 0) {
      return fail(Fault::invalid,
                  "{}: {} of {} rows are wrong and nothing was imported; correct them, or import "
                  "the others with --keep-going",
                  arguments.file, checked.wrong, checked.rows);
    }
  }
  Imported counts;
  Sender sender(arguments, counts);
  auto done = each_row(arguments, *list, counts,
                       [&](const Columns& columns) { return sender.add(columns); });
  if (done) done = sender.flush();
  if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r");
  if (!done) {
    return fail(done.error().fault, "{}; {} units had already been imported; import the file again",
                describe(done.error()), counts.added + counts.changed + counts.unchanged);
  }
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(json::object{{"rows", counts.rows},
                                                      {"added", counts.added},
                                                      {"changed", counts.changed},
                                                      {"unchanged", counts.unchanged},
                                                      {"wrong", counts.wrong}}));
  } else {
    fmt::print("{} -> {}: {} rows, {} added, {} changed, {} unchanged, {} wrong\n", arguments.file,
               arguments.name, counts.rows, counts.added, counts.changed, counts.unchanged,
               counts.wrong);
  }
  return counts.wrong == 0 ? kDone : kFailed;
}

// ---- the other verbs ----

Result<int> create(const Arguments& arguments) {
  json::object body;
  // A body is sent only if it has a member.
  body["description"] = arguments.description;
  TRY_ASSIGN(const json::object answer, ask(arguments, "PUT", path_of(arguments), body));
  if (arguments.output == Output::json)
    fmt::print("{}\n", encoding::to_json(answer));
  else
    fmt::print("List {} exists. Next: imprint list import {} {} FILE\n", arguments.name,
               arguments.directory, arguments.name);
  return kDone;
}

Result<int> show_all(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(json::array lists, call_all(layout, server, "/imprint/v1/lists", "lists"));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(json::object{{"lists", std::move(lists)}}));
    return kDone;
  }
  for (const json::value& list : lists)
    fmt::print("{:<32}{}\n", text_of(list.as_object(), "listName"),
               text_of(list.as_object(), "description"));
  return kDone;
}

Result<int> show(const Arguments& arguments) {
  if (arguments.name.empty()) return show_all(arguments);
  TRY_ASSIGN(const json::object answer, ask(arguments, "GET", path_of(arguments)));
  if (arguments.output == Output::json)
    fmt::print("{}\n", encoding::to_json(answer));
  else
    print_members(answer);
  return kDone;
}

Result<json::object> entry_of(const json::object& answer) {
  const auto* entry = answer.if_contains("entry");
  if (entry == nullptr || !entry->is_object())
    return fail(Fault::internal, "the server's answer has no entry");
  return entry->get_object();
}

Result<int> lookup(const Arguments& arguments) {
  TRY_ASSIGN(const json::object answer, ask(arguments, "GET", entry_path(arguments)));
  TRY_ASSIGN(const json::object entry, entry_of(answer));
  if (arguments.output == Output::json)
    fmt::print("{}\n", encoding::to_json(entry));
  else
    print_members(entry);
  return kDone;
}

Result<int> set(const Arguments& arguments) {
  json::object entry{{"serial", arguments.serial}};
  auto before = ask(arguments, "GET", entry_path(arguments));
  if (before) {
    TRY_ASSIGN(entry, entry_of(*before));
  } else if (before.error().fault != Fault::not_found) {
    return tl::unexpected(before.error());
  }
  for (const std::string& column : arguments.columns) {
    const auto equals = column.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Fault::invalid, "{}: write COLUMN=VALUE", quote(column));
    const std::string name = column.substr(0, equals);
    if (name == manufacturing::kSerial)
      return fail(
          Fault::invalid,
          "serial: the serial of a unit cannot be changed; add a unit with the other serial");
    entry[name] = column.substr(equals + 1);
  }
  TRY_ASSIGN(const json::object answer, ask(arguments, "POST", path_of(arguments) + "/entries",
                                            {{"entries", json::array{std::move(entry)}}}));
  if (arguments.output == Output::json) fmt::print("{}\n", encoding::to_json(answer));
  return kDone;
}

Result<int> remove(const Arguments& arguments) {
  TRY(ask(arguments, "DELETE", entry_path(arguments)));
  return kDone;
}

Result<int> delete_list(const Arguments& arguments) {
  TRY(ask(arguments, "DELETE", path_of(arguments)));
  return kDone;
}

using Verb = Result<int> (*)(const Arguments&);

}  // namespace

void add_list(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand("list", kHelp);
  noun->require_subcommand(1);
  const auto verb = [&](const char* name, const char* help, Verb what) {
    CLI::App* of = add_deployment_verb(*noun, name, help, arguments, run, what);
    CLI::Option* list_name = of->add_option("NAME", arguments->name, "The list");
    if (what != &show) list_name->required();
    return of;
  };
  const auto takes_serial = [&](CLI::App* of) {
    of->add_option("SERIAL", arguments->serial, "The unit's serial")->required();
    return of;
  };
  verb("create", kCreateHelp, &create)
      ->add_option("--description", arguments->description, "For people")
      ->option_text("TEXT");
  CLI::App* import = verb("import", kImportHelp, &import_file);
  import->add_option("FILE", arguments->file, "The units: .csv, .tsv, .ndjson or .jsonl")
      ->required();
  import->add_option("--format", arguments->format, "The file's format, regardless of its name")
      ->check(CLI::IsMember({"csv", "ndjson"}))
      ->option_text("csv|ndjson");
  import->add_flag("--keep-going", arguments->keep_going,
                   "Import the valid rows, without checking the whole file first");
  verb("show", kShowHelp, &show);
  takes_serial(verb("lookup", kLookupHelp, &lookup));
  takes_serial(verb("set", kSetHelp, &set))
      ->add_option("COLUMN=VALUE", arguments->columns, "What to set; may be repeated");
  takes_serial(verb("remove", kRemoveHelp, &remove));
  verb("delete", kDeleteHelp, &delete_list);
}

}  // namespace imprint::tool
