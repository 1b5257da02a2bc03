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

/// The bounds of one hook: the number of requests at its handler at the same time, the number that
/// may wait, a deadline for each, counted from its arrival, and a breaker. Lives on the thread
/// of Hooks; its carrier may call back from any thread.
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

  /// `done` is called once, on this thread: now or later.
  void ask(std::string arn, std::string event, Payer payer, Monotonic asked, Done done);

  /// Answers all pending requests as failed.
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
    Milliseconds starting{0};  ///< Carrier::starting() at the time of asking
    Milliseconds starts{0};  ///< how long it had waited for handlers to start when it was last sent
    boost::asio::steady_timer deadline;
    boost::asio::steady_timer pause;
  };
  using Calls = std::map<std::uint64_t, Call>;

  void send(Call& call);
  void send_waiting();
  /// The number of requests of each payer in a group.
  using Requests = std::map<std::string, std::size_t>;
  [[nodiscard]] static std::size_t total(const Requests& of);

  /// Among the waiting requests, the first of the payer with the fewest requests under way, in the
  /// group with the fewest.
  [[nodiscard]] std::deque<std::uint64_t>::iterator fairest();
  /// Makes room in a full queue for a group, or a payer in its group, that has fewer requests in it
  /// than another: one of the other's requests is dropped.
  bool make_room(const Payer& payer);
  void delivered(std::uint64_t number, Delivery delivery);
  bool retry(Call& call);
  /// A request of this payer has released its slot.
  void left(const Payer& payer);
  void time_out(std::uint64_t number);
  /// How long a call has waited for handlers to start; this does not count against its deadline.
  [[nodiscard]] Milliseconds starts_of(const Call& call) const;
  [[nodiscard]] Monotonic deadline_of(const Call& call) const {
    return call.asked + options_.timeout + starts_of(call);
  }
  void await_deadline(Call& call, Monotonic until);
  /// Gives the answer and frees the slot for the next call.
  void finish(Calls::iterator call, Reply reply);
  void judge(const Payer& payer, const Reply& reply);
  void refuse_waiting(const std::function<bool(const Payer&)>& applies_to,
                      const std::string& because);
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
  std::deque<std::uint64_t> waiting_;  ///< in order of arrival; some may have given up since
  std::size_t queued_ = 0;
  std::size_t running_ = 0;
  std::map<std::string, Requests> running_of_ = {};  ///< by group
};

}  // namespace imprint::hooks
