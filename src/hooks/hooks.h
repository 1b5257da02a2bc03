// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "hooks/options.h"
#include "hooks/report.h"
#include "hooks/verdict.h"
#include "runtime/task.h"
#include "telemetry/log.h"

namespace imprint::hooks {

/// The party on whose behalf a hook is called. Failures of one payer, or of many in one group, do
/// not block the requests of others.
struct Asker {
  std::string payer = {};  ///< a claim, a device's certificate, an access key
  std::string group = {};  ///< the CA of a device's certificate; empty: the payer has no group
  bool is_trial = false;   ///< the answer admits no device; trials have slots of their own
};

/// Calls the hook that an ARN names: this folder's interface for use cases.
class Invoker {
 public:
  virtual ~Invoker() = default;
  /// The caller resumes on its own executor. An ARN without a matching hook gives a failure,
  /// because a template that names a hook must not work without it.
  virtual runtime::Task<Reply> ask(std::string arn, std::string event_json, Asker asker) = 0;
  /// Whether any hook answers for the ARN, for callers that can do without.
  [[nodiscard]] virtual bool answers_for(std::string_view arn) const = 0;
  /// The ARN pattern of the hook that would be called; empty if there is none.
  [[nodiscard]] virtual std::string pattern_for(std::string_view arn) const = 0;
  /// Every hook, in the order of imprint.toml.
  virtual runtime::Task<std::vector<HookReport>> report() = 0;
};

/// Every [[hook]] of a deployment, and the one thread that runs their gates, workers and listeners;
/// HTTP has its own thread. No shard ever waits. ask() may be called from any thread.
class Hooks final : public Invoker {
 public:
  /// Refuses what check() refuses, secrets that are unreadable or open to others, and addresses
  /// that are in use. The references outlive the hooks.
  static Result<std::unique_ptr<Hooks>> make(std::vector<HookOptions> options,
                                             const std::filesystem::path& directory,
                                             const Clock& clock, Random& random,
                                             telemetry::Log& log);
  /// All askers get their answers before the threads end.
  ~Hooks() override;
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  /// The first hook whose pattern matches, or null.
  [[nodiscard]] const HookOptions* find(std::string_view arn) const;

  runtime::Task<Reply> ask(std::string arn, std::string event_json, Asker asker) override;
  [[nodiscard]] bool answers_for(std::string_view arn) const override {
    return find(arn) != nullptr;
  }
  [[nodiscard]] std::string pattern_for(std::string_view arn) const override {
    const HookOptions* hook = find(arn);
    return hook == nullptr ? std::string() : hook->arn;
  }
  runtime::Task<std::vector<HookReport>> report() override;

  /// From now on every request, pending or new, fails at once. Workers and listeners stay until
  /// the destructor.
  void stop();

  /// Where the Runtime API of each hook with that transport is served, as ADDRESS:PORT.
  [[nodiscard]] std::vector<std::string> listening() const;

 private:
  struct Parts;
  explicit Hooks(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace imprint::hooks
