// SPDX-License-Identifier: Apache-2.0
#include "hooks/hooks.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <thread>

#include "base/name.h"
#include "base/thread.h"
#include "hooks/examine.h"
#include "hooks/gate.h"
#include "outbound/web_client.h"

namespace imprint::hooks {

namespace {

Result<std::unique_ptr<Carrier>> make_carrier(const HookOptions& options,
                                              const CarrierParts& parts) {
  switch (options.transport) {
    case Transport::http:
      return make_http_carrier(options, parts);
    case Transport::lambda:
      return make_lambda_carrier(options, parts);
    case Transport::runtime:
      return make_runtime_carrier(options, parts);
    case Transport::command:
      return make_command_carrier(options, parts);
  }
  return fail(Fault::internal, "no such transport");
}

/// One trial at a time, so that trials occupy at most one of a hook's workers.
HookOptions for_trials(HookOptions options) {
  constexpr std::uint32_t kMostWaiting = 16;
  options.concurrency = 1;
  options.queue = std::min<std::uint32_t>(options.queue, kMostWaiting);
  return options;
}

}  // namespace

/// In the order of construction. The carriers are destroyed before the loop and the web client that
/// they use.
struct Hooks::Parts {
  Parts(std::filesystem::path folder, const Clock& time, Random& chance, telemetry::Log& log_to)
      : clock(time), carrier_parts{loop, web, time, chance, log_to, std::move(folder)} {}

  const Clock& clock;
  boost::asio::io_context loop{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      loop.get_executor()};
  outbound::WebClient web;
  CarrierParts carrier_parts;
  std::vector<std::unique_ptr<Gate>> gates;  ///< not changed once the thread runs
  /// One gate per hook for trials, with the same carrier: trials count neither towards the devices'
  /// requests nor towards their failures.
  std::vector<std::unique_ptr<Gate>> trial_gates;
  std::mutex mutex;
  bool is_stopped = false;
  std::thread thread;

  [[nodiscard]] Gate* gate_for(std::string_view arn, bool is_trial = false) const {
    const auto& all = is_trial ? trial_gates : gates;
    const auto it = std::ranges::find_if(
        all, [&](const std::unique_ptr<Gate>& gate) { return matches(gate->options().arn, arn); });
    return it == all.end() ? nullptr : it->get();
  }

  /// False when the hooks have stopped: work posted before the stop runs before it.
  template <class Work>
  bool post(Work work_to_do) {
    const std::scoped_lock lock(mutex);
    if (is_stopped) return false;
    boost::asio::post(loop, std::move(work_to_do));
    return true;
  }
};

Result<std::unique_ptr<Hooks>> Hooks::make(std::vector<HookOptions> options,
                                           const std::filesystem::path& directory,
                                           const Clock& clock, Random& random,
                                           telemetry::Log& log) {
  auto parts = std::make_unique<Parts>(directory, clock, random, log);
  for (HookOptions& one : options) {
    auto carrier = check(one).and_then([&] { return make_carrier(one, parts->carrier_parts); });
    if (!carrier) return tl::unexpected(of_hook(one, std::move(carrier).error()));
    const std::shared_ptr<Carrier> shared = std::move(*carrier);
    parts->trial_gates.push_back(
        std::make_unique<Gate>(for_trials(one), shared, parts->carrier_parts));
    parts->gates.push_back(std::make_unique<Gate>(std::move(one), shared, parts->carrier_parts));
  }
  parts->thread = start_thread("hooks", [loop = &parts->loop] { loop->run(); });
  return std::unique_ptr<Hooks>(new Hooks(std::move(parts)));
}

Hooks::Hooks(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Hooks::~Hooks() {
  stop();
  parts_->loop.stop();
  parts_->thread.join();
}

const HookOptions* Hooks::find(std::string_view arn) const {
  const Gate* gate = parts_->gate_for(arn);
  return gate == nullptr ? nullptr : &gate->options();
}

runtime::Task<Reply> Hooks::ask(std::string arn, std::string event_json, Asker asker) {
  const Monotonic asked = parts_->clock.monotonic();
  Gate* gate = parts_->gate_for(arn, asker.is_trial);
  if (gate == nullptr) {
    co_return Reply{
        .kind = Reply::Kind::failed,
        .because = fmt::format("no [[hook]] in imprint.toml answers for {}; add one whose arn "
                               "matches, or remove the hook from the template",
                               quote(arn))};
  }
  const runtime::Completion<Reply> answer;
  const bool is_posted = parts_->post(
      [gate, answer, arn = std::move(arn), event = std::move(event_json),
       payer = Payer{std::move(asker.payer), std::move(asker.group)}, asked]() mutable {
        gate->ask(std::move(arn), std::move(event), std::move(payer), asked,
                  [answer](Reply reply) { answer.complete(std::move(reply)); });
      });
  if (!is_posted) {
    co_return Reply{.kind = Reply::Kind::failed,
                    .because = "the server is stopping",
                    .shadow = gate->options().shadow};
  }
  co_return co_await answer.wait();
}

runtime::Task<std::vector<HookReport>> Hooks::report() {
  using Reports = std::vector<HookReport>;
  const runtime::Completion<Reports> answer;
  const bool is_posted = parts_->post([this, answer] {
    Reports reports;
    for (const auto& gate : parts_->gates) reports.push_back(gate->report());
    answer.complete(std::move(reports));
  });
  if (!is_posted) co_return Reports();
  co_return co_await answer.wait();
}

void Hooks::stop() {
  const runtime::Completion<bool> stopped;
  {
    const std::scoped_lock lock(parts_->mutex);
    if (parts_->is_stopped) return;
    parts_->is_stopped = true;
    boost::asio::post(parts_->loop, [this, stopped] {
      for (const auto* gates : {&parts_->gates, &parts_->trial_gates}) {
        for (const auto& gate : *gates) gate->stop();
      }
      stopped.complete(true);
    });
  }
  const auto wait = [](runtime::Completion<bool> done) -> runtime::Task<bool> {
    co_return co_await done.wait();
  };
  runtime::run_blocking(wait(stopped));
}

std::vector<std::string> Hooks::listening() const {
  std::vector<std::string> out;
  for (const auto& gate : parts_->gates) {
    if (auto address = gate->carrier().listens(); !address.empty())
      out.push_back(std::move(address));
  }
  return out;
}

}  // namespace imprint::hooks
