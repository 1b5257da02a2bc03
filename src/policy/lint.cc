// SPDX-License-Identifier: Apache-2.0
#include "policy/lint.h"

#include "base/name.h"

namespace imprint::policy {

namespace {

/// A connection may lack the value: no thing is associated with it, or the certificate has no such
/// attribute.
bool may_lack_value(const Variable& variable) {
  return variable.is_of_thing() || variable.key == Variable::Key::subject ||
         variable.key == Variable::Key::issuer;
}

std::string name_of(std::size_t index, const Statement& statement) {
  return statement.sid().empty() ? fmt::format("statement {}", index)
                                 : fmt::format("statement {} ({})", index, quote(statement.sid()));
}

}  // namespace

std::vector<std::string> warnings(const Policy& policy) {
  std::vector<std::string> out;
  const auto statements = policy.statements();
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (statements[i].allows()) continue;
    for (const Variable& variable : statements[i].variables()) {
      if (!may_lack_value(variable)) continue;
      out.push_back(fmt::format(
          "{} denies by ${{{}}}; for a connection without that value it denies any value there, "
          "whereas AWS IoT ignores the statement",
          name_of(i, statements[i]), variable.name));
    }
    for (const Condition& condition : statements[i].conditions()) {
      if (!condition.key().is_of_thing()) continue;
      out.push_back(fmt::format(
          "{} denies by the condition {}; it holds for a certificate that has things when the "
          "client id names none of them, whereas AWS IoT ignores the statement",
          name_of(i, statements[i]), condition.describe()));
    }
  }
  return out;
}

}  // namespace imprint::policy
