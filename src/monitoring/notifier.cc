// SPDX-License-Identifier: Apache-2.0
#include "monitoring/notifier.h"

#include <algorithm>

namespace imprint::monitoring {

void Notifier::use(Channels channels) {
  stop();
  lines_.clear();
  std::vector<std::string> names;
  for (std::unique_ptr<Channel>& channel : channels) {
    names.emplace_back(channel->name());
    lines_.push_back({.channel = std::move(channel)});
  }
  board_.use_channels(std::move(names));
}

Channel::Done Notifier::answer_of(std::uint64_t number) {
  return [post = post_, alive = std::weak_ptr<bool>(alive_), this, number](Result<void> result) {
    post([alive, this, number, result = std::move(result)] {
      if (alive.lock()) finish(number, result);
    });
  };
}

void Notifier::work() {
  const Monotonic now = clock_.monotonic();
  for (Line& line : lines_) {
    if (line.sending && now >= line.deadline) {
      line.channel->cancel(line.number);
      finish(line.number,
             fail(Fault::unavailable, "no answer within {}", to_duration(line.channel->timeout())));
    }
    if (line.sending || now < line.next) continue;
    while (auto pending = board_.first_pending(line.channel->name())) {
      const registry::Alarm* alarm = board_.find(pending->alarm);
      const Timestamp since =
          pending->is_resolved ? alarm->resolved.value_or(alarm->since) : alarm->since;
      // Both clocks must agree: the wall clock may have been set, and the monotonic one covers only
      // this process.
      const bool is_patient = !line.failing_since || now - *line.failing_since < kPatience ||
                              clock_.now() - since < kPatience;
      if (is_patient) {
        start(line, std::move(*pending));
        break;
      }
      log_.error("an alarm notification could not be sent for a day and is dropped",
                 {{"channel", line.channel->name()}, {"alarm", alarm->kind}, {"id", alarm->id}});
      board_.remove_pending(*pending);
    }
  }
  for (std::size_t i = 0; i < trials_.size();) {
    if (now < trials_[i].deadline) {
      ++i;
      continue;
    }
    trials_[i].channel->cancel(trials_[i].number);
    finish_trial(trials_[i].number,
                 fail(Fault::unavailable, "no answer within {}", to_duration(trials_[i].patience)));
  }
}

Monotonic Notifier::due() const {
  Monotonic due = Monotonic::max();
  for (const Line& line : lines_) {
    if (line.sending) {
      due = std::min(due, line.deadline);
    } else if (board_.first_pending(line.channel->name())) {
      due = std::min(due, line.next);
    }
  }
  for (const RunningTrial& trial : trials_) due = std::min(due, trial.deadline);
  return due;
}

void Notifier::start(Line& line, PendingNotification notification) {
  Message message{
      .what = notification.is_resolved ? Message::What::resolved : Message::What::raised,
      .alarm = *board_.find(notification.alarm)};
  // The message about the raised alarm does not mention a later resolution.
  if (!notification.is_resolved) message.alarm.resolved.reset();
  line.sending = std::move(notification);
  line.number = ++last_number_;
  line.deadline = clock_.monotonic() + line.channel->timeout();
  line.channel->send(line.number, message, answer_of(line.number));
}

void Notifier::count(const Line& line, bool is_delivered) {
  metrics_.alarm_delivered(line.channel->name(), is_delivered);
}

void Notifier::finish(std::uint64_t number, Result<void> result) {
  const auto line = std::ranges::find_if(
      lines_, [&](const Line& one) { return one.sending && one.number == number; });
  if (line == lines_.end()) return finish_trial(number, result);
  const PendingNotification notification = *std::exchange(line->sending, std::nullopt);
  count(*line, result.has_value());
  if (result) {
    line->pause = Milliseconds(0);
    line->failing_since.reset();
    line->next = Monotonic::min();
    board_.remove_pending(notification);
    return;
  }
  line->pause = line->pause.count() == 0 ? kFirstPause : std::min(2 * line->pause, kLongestPause);
  line->next = clock_.monotonic() + line->pause;
  if (!line->failing_since) line->failing_since = clock_.monotonic();
  const registry::Alarm* alarm = board_.find(notification.alarm);
  log_.error("an alarm notification could not be sent; it is retried",
             {{"channel", line->channel->name()},
              {"alarm", alarm == nullptr ? "" : alarm->kind},
              {"cause", result.error().message},
              {"again_in_seconds", line->pause.count() / 1000}});
}

void Notifier::try_all(runtime::Completion<Trials> done) {
  auto run = std::make_shared<TrialRun>();
  run->done = std::move(done);
  run->left = lines_.size();
  if (lines_.empty()) return run->done.complete({});
  const Message message = test_message(clock_.now());
  for (std::size_t i = 0; i < lines_.size(); ++i)
    run->results.push_back({.channel = std::string(lines_[i].channel->name())});
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Channel& channel = *lines_[i].channel;
    const std::uint64_t number = ++last_number_;
    const Seconds patience = std::min(channel.timeout(), kTrialPatience);
    trials_.push_back({run, i, &channel, number, clock_.monotonic() + patience, patience});
    channel.send(number, message, answer_of(number));
  }
}

void Notifier::finish_trial(std::uint64_t number, const Result<void>& result) {
  const auto trial = std::ranges::find(trials_, number, &RunningTrial::number);
  if (trial == trials_.end()) return;  // already cancelled
  TrialRun& run = *trial->run;
  Trial& entry = run.results[trial->index];
  entry.is_delivered = result.has_value();
  if (!result) entry.problem = result.error().message;
  const std::shared_ptr<TrialRun> kept = trial->run;
  trials_.erase(trial);
  if (--kept->left == 0) kept->done.complete(std::move(kept->results));
}

void Notifier::stop() {
  for (Line& line : lines_) {
    if (line.sending) line.channel->cancel(line.number);
    line.sending.reset();
  }
  while (!trials_.empty()) {
    trials_.back().channel->cancel(trials_.back().number);
    finish_trial(trials_.back().number,
                 fail(Fault::unavailable, "the server was stopped or reconfigured meanwhile"));
  }
}

}  // namespace imprint::monitoring
