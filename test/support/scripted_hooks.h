// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "hooks/hooks.h"

namespace imprint::test {

/// Hooks that answer what a test tells them, and remember what they were asked.
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
  std::string only_for = {};  ///< ARNs that begin so have a hook that need not be there
  std::function<void()> while_asked = [] {};
  std::vector<std::pair<std::string, std::string>> asked = {};  ///< ARN and event
  std::vector<hooks::Asker> askers = {};
};

}  // namespace imprint::test
