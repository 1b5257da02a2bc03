// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "encoding/json.h"
#include "rest/call.h"
#include "rest/exceptions.h"
#include "rest/http.h"
#include "runtime/task.h"

/// The types of the tables of operations. One operation is one row and one function; the row drives
/// routing, decoding, validation, errors and the page on compatibility.
namespace imprint::rest {

/// `raw`: the whole body as it is, for an operation whose body is not JSON.
enum class Location : std::uint8_t { path, query, header, body, raw };
enum class Type : std::uint8_t { text, integer, boolean, object, list };

/// Which characters a text may hold. `pattern` is AWS's regular expression, for messages.
struct TextRule {
  std::string_view pattern = {};
  bool (*permits)(char) = nullptr;  ///< byte by byte; null permits everything
  std::string_view allowed = {};    ///< the same in words
};

struct InputInfo {
  std::string_view name;  ///< the member in AWS's model, which messages name
  Location in = Location::body;
  Type type = Type::text;
  bool required = false;
  std::int64_t least = 0;  ///< characters of a text, value of an integer
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  TextRule rule = {};
  std::span<const std::string_view> values = {};  ///< of an enum
  std::string_view wire = {};                     ///< the header's name

  [[nodiscard]] std::string_view wire_name() const { return wire.empty() ? name : wire; }
};

using Answer = runtime::Task<Result<encoding::json::object>>;
using StreamAnswer = Result<std::unique_ptr<BodyStream>>;

/// An operation as it is written: one row of a table, next to its function. The function is called
/// with valid inputs and the other things that it needs. It reads the registry, decides and commits
/// one change set. When the commit fails because a record changed meanwhile
/// (registry::is_lost_race), it is run again from the beginning, so it must keep no state between
/// runs.
template <class... Needs>
struct Row {
  std::string_view name;    ///< "CreateThing"
  std::string_view method;  ///< "POST"
  std::string_view path;    ///< "/things/{thingName}"; literal segments go before parameters
  std::span<const InputInfo> inputs;
  ExceptionSet errors;  ///< those that AWS's model declares
  Answer (*run)(Call, Needs...);
  /// The resource in access policies: "thing/{thingName}" becomes
  /// "arn:aws:iot:{region}:{account}:thing/x". Several are separated by spaces; "{name|arn}" stands
  /// for the input that is given (authorization.h). Empty, as for lists: "*".
  std::string_view resource = {};
};

/// An operation as it is called: its row, with the function bound to what it needs.
struct Operation {
  std::string_view name;
  std::string_view method;
  std::string_view path;
  std::span<const InputInfo> inputs;
  ExceptionSet errors;
  std::function<Answer(Call)> run;
  std::string_view resource = {};
  /// In place of `run` for an answer that is streamed (text/event-stream). `may_go_on` is called
  /// now and then: whether the listener is still allowed to listen.
  std::function<StreamAnswer(std::function<bool()> may_go_on)> stream = {};
};
using Operations = std::vector<Operation>;

/// Binds the functions of a table to what they need; references in it outlive the operations.
template <std::size_t N, class... Needs>
Operations bind(const Row<Needs...> (&rows)[N], std::type_identity_t<Needs>... needs) {
  Operations out;
  for (const Row<Needs...>& row : rows) {
    auto run = [function = row.run, bound = std::tuple<Needs...>(needs...)](Call call) {
      return std::apply([&](auto&... each) { return function(std::move(call), each...); }, bound);
    };
    out.push_back(
        {row.name, row.method, row.path, row.inputs, row.errors, std::move(run), row.resource});
  }
  return out;
}

/// Several tables as one.
Operations join(std::initializer_list<Operations> tables);

/// An operation of AWS IoT that this server does not have.
struct MissingOperation {
  std::string_view name;
  std::string_view method;
  std::string_view path;
};

/// The missing operations of one area of the service.
struct MissingArea {
  std::string_view area;  ///< "jobs"
  std::span<const MissingOperation> operations;
};

/// Answers GET requests that need no signature: whoever has the link has the permission.
struct Link {
  std::string_view prefix;  ///< of the targets it answers
  std::function<runtime::Task<HttpResponse>(const HttpRequest&, std::string request_id)> answer;
};

/// Everything that a server offers. Its wiring, which knows every resource, fills it.
struct Table {
  Operations operations;
  std::span<const MissingArea> missing;
  std::vector<Link> links;
};

}  // namespace imprint::rest
