// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "hooks/hooks.h"

namespace imprint::test {

/// Hooks that return the answers set by a test and record their requests.
class ScriptedHooks final : public hooks::Invoker {
 public:
  runtime::Task<hooks::Reply> ask(std::string arn, std::string event_json,
                                  hooks::Asker asker) override {
    asked.emplace_back(std::move(arn), std::move(event_json));
    askers.push_back(std::move(asker));
    while_asked();
    co_return reply;
  }
  [[nodiscard]] bool answers_for(std::string_view arn) const override {
    return !only_for.empty() && arn.starts_with(only_for);
  }
  [[nodiscard]] std::string pattern_for(std::string_view arn) const override {
    return std::string(arn);
  }
  runtime::Task<std::vector<hooks::HookReport>> report() override { co_return reports; }
  void answer(std::string_view json) { reply = hooks::read_answer(json); }

  hooks::Reply reply = {};
  std::vector<hooks::HookReport> reports = {};
  std::string only_for = {};  ///< prefix of the ARNs that answers_for() accepts; empty: none
  std::function<void()> while_asked = [] {};
  std::vector<std::pair<std::string, std::string>> asked = {};  ///< ARN and event
  std::vector<hooks::Asker> askers = {};
};

}  // namespace imprint::test
