// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "hooks/breaker.h"
#include "hooks/carrier.h"
#include "hooks/track_record.h"

namespace imprint::hooks {

/// The bounds of one hook: so many requests at its handler at the same time, so many more waiting,
/// one deadline for each from the moment it was asked, and a breaker. Lives on the thread of Hooks;
/// its carrier may call back from any.
class Gate {
 public:
  using Done = std::function<void(Reply)>;

  Gate(HookOptions options, std::shared_ptr<Carrier> carrier, CarrierParts& parts)
      : options_(std::move(options)),
        carrier_(std::move(carrier)),
        loop_(parts.loop),
        clock_(parts.clock),
        random_(parts.random),
        log_(parts.log),
        last_number_(parts.last_number),
        breaker_(options_.breaker_failures, options_.breaker_pause) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// `done` is called once, here or later on this thread.
  void ask(std::string arn, std::string event, Payer payer, Monotonic asked, Done done);

  /// Answers everything that waits as failed.
  void stop();

  [[nodiscard]] HookReport report() const;

  [[nodiscard]] const HookOptions& options() const { return options_; }
  [[nodiscard]] const Carrier& carrier() const { return *carrier_; }

 private:
  enum class State : std::uint8_t { waiting, sent, pausing };
  struct Call {
    Invocation invocation;
    Payer payer;
    Done done;
    Monotonic asked;
    State state = State::waiting;
    std::uint32_t retried = 0;
    Milliseconds starting{0};  ///< Carrier::starting() when it was asked
    Milliseconds starts{0};    ///< what it has waited for handlers to start, until it was last sent
    boost::asio::steady_timer deadline;
    boost::asio::steady_timer pause;
  };
  using Calls = std::map<std::uint64_t, Call>;

  void send(Call& call);
  void send_waiting();
  /// So many of each payer of a group.
  using Requests = std::map<std::string, std::size_t>;
  [[nodiscard]] static std::size_t total(const Requests& of);

  /// Of those that wait, the first one of a group with the fewest requests under way, and of the
  /// payer in it with the fewest.
  [[nodiscard]] std::deque<std::uint64_t>::iterator fairest();
  /// A full queue gives way to a group, or a payer of one, that has fewer in it than another: one
  /// of the other's goes.
  bool make_room(const Payer& payer);
  void delivered(std::uint64_t number, Delivery delivery);
  bool retry(Call& call);
  /// A request of this payer holds its slot no more.
  void left(const Payer& payer);
  void time_out(std::uint64_t number);
  /// What a call has waited for handlers to start, which is not its asker's time.
  [[nodiscard]] Milliseconds starts_of(const Call& call) const;
  [[nodiscard]] Monotonic deadline_of(const Call& call) const {
    return call.asked + options_.timeout + starts_of(call);
  }
  void await_deadline(Call& call, Monotonic until);
  /// The answer is out, and the slot free for the next.
  void finish(Calls::iterator call, Reply reply);
  void judge(const Payer& payer, const Reply& reply);
  void refuse_waiting(const std::function<bool(const Payer&)>& whose, const std::string& because);
  [[nodiscard]] Reply refusal(std::string because, Monotonic asked) const;

  HookOptions options_;
  std::shared_ptr<Carrier> carrier_;
  boost::asio::io_context& loop_;
  const Clock& clock_;
  Random& random_;
  telemetry::Log& log_;
  std::uint64_t& last_number_;
  Breaker breaker_;
  TrackRecord track_record_;
  Calls calls_;
  std::deque<std::uint64_t> waiting_;  ///< in their order; some may have given up meanwhile
  std::size_t queued_ = 0;
  std::size_t running_ = 0;
  std::map<std::string, Requests> running_of_ = {};  ///< by group
};

}  // namespace imprint::hooks
