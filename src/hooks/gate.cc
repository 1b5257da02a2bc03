// SPDX-License-Identifier: Apache-2.0
#include "hooks/gate.h"

#include <boost/asio/post.hpp>

#include "base/name.h"

namespace imprint::hooks {

namespace {

constexpr Milliseconds kFirstPause{50};  // between two attempts; each is twice as long

double seconds_between(Monotonic from, Monotonic to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

void Gate::ask(std::string arn, std::string event, Monotonic asked, Done done) {
  const Monotonic now = clock_.monotonic();
  if (running_ >= options_.concurrency && queued_ >= options_.queue) {
    return done(refusal(fmt::format("hook {} is overloaded: {} requests are with it and {} wait",
                                    quote(options_.arn), running_, queued_),
                        asked));
  }
  if (!breaker_.admits(now)) {
    return done(refusal(fmt::format("hook {} has failed {} times in a row and is not asked at the "
                                    "moment",
                                    quote(options_.arn), options_.breaker_failures),
                        asked));
  }
  const std::uint64_t number = ++last_number_;
  const auto remaining = asked + options_.timeout - now;
  auto [it, is_new] = calls_.emplace(
      number,
      Call{.invocation = {.number = number,
                          .request_id = make_uuid(random_),
                          .arn = std::move(arn),
                          .event = std::make_shared<const std::string>(std::move(event)),
                          .deadline = clock_.now() + std::chrono::ceil<Milliseconds>(remaining)},
           .done = std::move(done),
           .asked = asked,
           .deadline = boost::asio::steady_timer(loop_, remaining),
           .pause = boost::asio::steady_timer(loop_)});
  it->second.deadline.async_wait([this, number](const boost::system::error_code& error) {
    if (!error) time_out(number);
  });
  if (running_ < options_.concurrency) return send(it->second);
  waiting_.push_back(number);
  ++queued_;
}

void Gate::send(Call& call) {
  ++running_;
  call.state = State::sent;
  const std::uint64_t number = call.invocation.number;
  carrier_->send(call.invocation, [this, number](Delivery delivery) {
    boost::asio::post(loop_, [this, number, delivery = std::move(delivery)]() mutable {
      delivered(number, std::move(delivery));
    });
  });
}

void Gate::send_waiting() {
  while (running_ < options_.concurrency && !waiting_.empty()) {
    const auto it = calls_.find(waiting_.front());
    waiting_.pop_front();
    if (it == calls_.end()) continue;
    --queued_;
    send(it->second);
  }
}

void Gate::delivered(std::uint64_t number, Delivery delivery) {
  const auto it = calls_.find(number);
  // Its deadline may have passed while the answer was on its way here.
  if (it == calls_.end() || it->second.state != State::sent) return;
  if (delivery.undelivered && retry(it->second)) return;
  finish(it, std::move(delivery.reply));
}

/// Its slot stays taken: what is in trouble is not to be asked by more at a time.
bool Gate::retry(Call& call) {
  const auto pause = kFirstPause * (1U << call.retried);
  const auto end = call.asked + options_.timeout;
  if (call.retried == options_.retries || clock_.monotonic() + pause >= end) return false;
  ++call.retried;
  call.state = State::pausing;
  call.pause.expires_after(pause);
  call.pause.async_wait(
      [this, number = call.invocation.number](const boost::system::error_code& error) {
        const auto it = calls_.find(number);
        if (error || it == calls_.end()) return;
        --running_;  // send() takes the slot again
        send(it->second);
      });
  return true;
}

void Gate::time_out(std::uint64_t number) {
  const auto it = calls_.find(number);
  if (it == calls_.end()) return;
  std::string waited_for = "its turn";
  if (it->second.state == State::sent) waited_for = carrier_->cancel(number);
  if (it->second.state == State::pausing) waited_for = "another attempt";
  finish(it, {.kind = Reply::Kind::timed_out,
              .because =
                  fmt::format("hook {} did not answer within {} ms; the time ran out waiting for "
                              "{}",
                              quote(options_.arn), options_.timeout.count(), waited_for)});
}

void Gate::finish(Calls::iterator call, Reply reply) {
  if (call->second.state == State::waiting) {
    --queued_;
  } else {
    --running_;
  }
  const Call ended = std::move(calls_.extract(call).mapped());
  reply.seconds = seconds_between(ended.asked, clock_.monotonic());
  reply.shadow = options_.shadow;
  judge(reply);
  track_record_.enter(reply, clock_.now());
  ended.done(std::move(reply));
  send_waiting();
}

HookReport Gate::report() const {
  HookReport report{.options = options_,
                    .listens = carrier_->listens(),
                    .running = running_,
                    .waiting = queued_,
                    .is_resting = breaker_.is_open()};
  track_record_.write(report);
  return report;
}

void Gate::judge(const Reply& reply) {
  if (reply.kind == Reply::Kind::answered || reply.kind == Reply::Kind::threw) {
    if (breaker_.is_open()) log_.info("a hook works again", {{"hook", options_.arn}});
    return breaker_.succeeded();
  }
  const bool was_open = breaker_.is_open();
  if (!breaker_.failed(clock_.monotonic())) return;
  if (!was_open) {
    log_.error("a hook does not work; requests that need it are refused without asking it",
               {{"hook", options_.arn},
                {"because", reply.because},
                {"next try after ms", options_.breaker_pause.count()}});
  }
  refuse_waiting(fmt::format("hook {} has failed {} times in a row while this request waited",
                             quote(options_.arn), options_.breaker_failures));
}

void Gate::refuse_waiting(const std::string& because) {
  while (!waiting_.empty()) {
    const auto it = calls_.find(waiting_.front());
    waiting_.pop_front();
    if (it == calls_.end()) continue;
    --queued_;
    const Call ended = std::move(calls_.extract(it).mapped());
    ended.done(refusal(because, ended.asked));
  }
}

void Gate::stop() {
  const std::string because = "the server is stopping";
  refuse_waiting(because);
  while (!calls_.empty()) {
    const auto it = calls_.begin();
    if (it->second.state == State::sent) carrier_->cancel(it->first);
    const Call ended = std::move(calls_.extract(it).mapped());
    ended.done(refusal(because, ended.asked));
  }
}

Reply Gate::refusal(std::string because, Monotonic asked) const {
  return {.kind = Reply::Kind::failed,
          .because = std::move(because),
          .seconds = seconds_between(asked, clock_.monotonic()),
          .shadow = options_.shadow};
}

}  // namespace imprint::hooks
