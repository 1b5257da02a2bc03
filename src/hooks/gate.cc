// SPDX-License-Identifier: Apache-2.0
#include "hooks/gate.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/name.h"

namespace imprint::hooks {

namespace {

constexpr Milliseconds kFirstPause{50};  // between two attempts; doubles each time

/// The resting payer or group as shown in messages. Names are usually certificate ids.
std::string shown(Breaker::Rests rests, const Payer& payer) {
  if (rests == Breaker::Rests::all) return "all";
  if (rests == Breaker::Rests::group) return "devices of CA " + payer.group_name();
  return payer.name.empty() ? "this asker" : payer.name;
}

double seconds_between(Monotonic from, Monotonic to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

void Gate::ask(std::string arn, std::string event, Payer payer, Monotonic asked, Done done) {
  const Monotonic now = clock_.monotonic();
  if (!breaker_.admits(payer, now)) {
    const Breaker::Rests rests = breaker_.resting(payer);
    const std::string scope =
        rests == Breaker::Rests::all ? std::string() : " for " + shown(rests, payer);
    return done(refusal(fmt::format("hook {} has failed {} times in a row{} and is temporarily "
                                    "not called",
                                    quote(options_.arn), options_.breaker_failures, scope),
                        asked));
  }
  // A payer that rests must not displace another one's request.
  if (running_ >= options_.concurrency && queued_ >= options_.queue && !make_room(payer)) {
    breaker_.gave_up(payer);
    return done(refusal(fmt::format("hook {} is overloaded: {} requests are with it and {} wait",
                                    quote(options_.arn), running_, queued_),
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
           .payer = std::move(payer),
           .done = std::move(done),
           .asked = asked,
           .starting = carrier_->starting(),
           .deadline = boost::asio::steady_timer(loop_),
           .pause = boost::asio::steady_timer(loop_)});
  await_deadline(it->second, asked + options_.timeout);
  if (running_ < options_.concurrency) return send(it->second);
  waiting_.push_back(number);
  ++queued_;
}

void Gate::await_deadline(Call& call, Monotonic until) {
  call.deadline.expires_after(until - clock_.monotonic());
  call.deadline.async_wait(
      [this, number = call.invocation.number](const boost::system::error_code& error) {
        if (!error) time_out(number);
      });
}

Milliseconds Gate::starts_of(const Call& call) const {
  const Milliseconds now = call.state == State::waiting ? carrier_->starting() - call.starting
                           : call.state == State::sent  ? carrier_->start_of(call.invocation.number)
                                                        : Milliseconds(0);
  return std::min(call.starts + now, options_.start_timeout);
}

void Gate::send(Call& call) {
  call.starts = starts_of(call);
  ++running_;
  ++running_of_[call.payer.group_name()][call.payer.name];
  call.state = State::sent;
  const std::uint64_t number = call.invocation.number;
  carrier_->send(call.invocation, [this, number](Delivery delivery) {
    boost::asio::post(loop_, [this, number, delivery = std::move(delivery)]() mutable {
      delivered(number, std::move(delivery));
    });
  });
}

void Gate::send_waiting() {
  while (running_ < options_.concurrency) {
    std::erase_if(waiting_, [this](std::uint64_t number) { return !calls_.contains(number); });
    if (waiting_.empty()) return;
    const auto next = fairest();
    Call& call = calls_.at(*next);
    waiting_.erase(next);
    --queued_;
    send(call);
  }
}

std::deque<std::uint64_t>::iterator Gate::fairest() {
  return std::ranges::min_element(waiting_, {}, [this](std::uint64_t number) {
    const Payer& payer = calls_.at(number).payer;
    const auto group = running_of_.find(payer.group_name());
    if (group == running_of_.end()) return std::pair<std::size_t, std::size_t>();
    const auto own = group->second.find(payer.name);
    return std::pair(total(group->second), own == group->second.end() ? 0 : own->second);
  });
}

bool Gate::make_room(const Payer& payer) {
  std::map<std::string, Requests> waiting_of;
  for (const std::uint64_t number : waiting_) {
    if (const auto it = calls_.find(number); it != calls_.end())
      ++waiting_of[it->second.payer.group_name()][it->second.payer.name];
  }
  const auto largest = std::ranges::max_element(
      waiting_of, {}, [](const auto& entry) { return total(entry.second); });
  if (largest == waiting_of.end()) return false;
  // The largest group gives way to a different group; within one group, its largest payer does.
  const Requests& own = waiting_of[payer.group_name()];
  const bool is_other_group = total(largest->second) > total(own) + 1;
  const Requests& from = is_other_group ? largest->second : own;
  const auto most =
      std::ranges::max_element(from, {}, [](const auto& entry) { return entry.second; });
  if (most == from.end()) return false;
  const auto mine = own.find(payer.name);
  const std::size_t waits = mine == own.end() ? 0 : mine->second;
  if (!is_other_group && most->second <= waits + 1) return false;
  const auto last = std::find_if(waiting_.rbegin(), waiting_.rend(), [&](std::uint64_t number) {
    const auto it = calls_.find(number);
    return it != calls_.end() && it->second.payer.name == most->first;
  });
  const Call ended = std::move(calls_.extract(*last).mapped());
  --queued_;
  breaker_.gave_up(ended.payer);
  ended.done(refusal(fmt::format("hook {} is overloaded, most of all by requests like this one",
                                 quote(options_.arn)),
                     ended.asked));
  return true;
}

std::size_t Gate::total(const Requests& of) {
  std::size_t sum = 0;
  for (const auto& [name, requests] : of) sum += requests;
  return sum;
}

void Gate::left(const Payer& payer) {
  --running_;
  const auto group = running_of_.find(payer.group_name());
  const auto own = group->second.find(payer.name);
  if (--own->second == 0) group->second.erase(own);
  if (group->second.empty()) running_of_.erase(group);
}

void Gate::delivered(std::uint64_t number, Delivery delivery) {
  const auto it = calls_.find(number);
  // Its deadline may have passed while the answer was in transit.
  if (it == calls_.end() || it->second.state != State::sent) return;
  if (delivery.undelivered && retry(it->second)) return;
  finish(it, std::move(delivery.reply));
}

/// The call keeps its slot: a hook in trouble must not get more requests at a time.
bool Gate::retry(Call& call) {
  const auto pause = kFirstPause * (1U << call.retried);
  const auto end = deadline_of(call);
  if (call.retried == options_.retries || clock_.monotonic() + pause >= end) return false;
  ++call.retried;
  call.state = State::pausing;
  call.pause.expires_after(pause);
  call.pause.async_wait(
      [this, number = call.invocation.number](const boost::system::error_code& error) {
        const auto it = calls_.find(number);
        if (error || it == calls_.end()) return;
        left(it->second.payer);  // send() takes the slot again
        send(it->second);
      });
  return true;
}

void Gate::time_out(std::uint64_t number) {
  const auto it = calls_.find(number);
  if (it == calls_.end()) return;
  const Monotonic until = deadline_of(it->second);
  if (clock_.monotonic() < until) return await_deadline(it->second, until);
  const Milliseconds starts = starts_of(it->second);
  std::string waited_for = "its turn";
  if (it->second.state == State::sent) waited_for = carrier_->cancel(number);
  if (it->second.state == State::pausing) waited_for = "another attempt";
  finish(it,
         {.kind = Reply::Kind::timed_out,
          .because = fmt::format(
              "hook {} did not answer within {} ms{}; the time ran out waiting "
              "for {}",
              quote(options_.arn), options_.timeout.count(),
              starts.count() == 0 ? std::string()
                                  : fmt::format(", and {} ms more for its start", starts.count()),
              waited_for)});
}

void Gate::finish(Calls::iterator call, Reply reply) {
  if (call->second.state == State::waiting) {
    --queued_;
  } else {
    left(call->second.payer);
  }
  const Call ended = std::move(calls_.extract(call).mapped());
  reply.seconds = seconds_between(ended.asked, clock_.monotonic());
  reply.shadow = options_.shadow;
  judge(ended.payer, reply);
  track_record_.enter(reply, clock_.now());
  ended.done(std::move(reply));
  send_waiting();
}

HookReport Gate::report() const {
  HookReport report{.options = options_,
                    .listens = carrier_->listens(),
                    .running = running_,
                    .waiting = queued_,
                    .is_resting = breaker_.is_open_for_any()};
  track_record_.write(report);
  return report;
}

void Gate::judge(const Payer& payer, const Reply& reply) {
  using Rests = Breaker::Rests;
  const Rests before = breaker_.resting(payer);
  if (reply.kind == Reply::Kind::answered || reply.kind == Reply::Kind::threw) {
    if (before != Rests::nobody) log_.info("a hook works again", {{"hook", options_.arn}});
    return breaker_.succeeded(payer);
  }
  breaker_.failed(payer, clock_.monotonic());
  const Rests now = breaker_.resting(payer);
  if (now == Rests::nobody) return;
  if (now != before) {
    log_.error("a hook does not work; requests that need it are refused without asking it",
               {{"hook", options_.arn},
                {"whose requests", shown(now, payer)},
                {"because", reply.because},
                {"next try after ms", options_.breaker_pause.count()}});
  }
  refuse_waiting(
      [&](const Payer& other) {
        return now == Rests::all || (now == Rests::group ? other.group_name() == payer.group_name()
                                                         : other.name == payer.name);
      },
      fmt::format("hook {} has failed {} times in a row while this request waited",
                  quote(options_.arn), options_.breaker_failures));
}

void Gate::refuse_waiting(const std::function<bool(const Payer&)>& applies_to,
                          const std::string& because) {
  for (const std::uint64_t number : std::exchange(waiting_, {})) {
    const auto it = calls_.find(number);
    if (it == calls_.end()) continue;
    if (!applies_to(it->second.payer)) {
      waiting_.push_back(number);
      continue;
    }
    --queued_;
    const Call ended = std::move(calls_.extract(it).mapped());
    breaker_.gave_up(ended.payer);
    ended.done(refusal(because, ended.asked));
  }
}

void Gate::stop() {
  const std::string because = "the server is stopping";
  refuse_waiting([](const Payer&) { return true; }, because);
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
