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
  return [post = post_, alive = std::weak_ptr<bool>(state_), this, number](Result<void> told) {
    post([alive, this, number, told = std::move(told)] {
      if (alive.lock()) finish(number, told);
    });
  };
}

void Notifier::work() {
  const Monotonic now = clock_.monotonic();
  for (Line& line : lines_) {
    if (line.telling && now >= line.deadline) {
      line.channel->cancel(line.number);
      finish(line.number,
             fail(Fault::unavailable, "no answer within {}", to_duration(line.channel->timeout())));
    }
    if (line.telling || now < line.next) continue;
    while (auto owed = board_.first_owed(line.channel->name())) {
      const registry::Alarm* alarm = board_.find(owed->alarm);
      const Timestamp since =
          owed->is_resolved ? alarm->resolved.value_or(alarm->since) : alarm->since;
      // By both clocks: the one of the wall may have been set, the other began with the process.
      const bool is_patient = !line.failing_since || now - *line.failing_since < kPatience ||
                              clock_.now() - since < kPatience;
      if (is_patient) {
        start(line, std::move(*owed));
        break;
      }
      log_.error("an alarm could not be told for a day and is dropped",
                 {{"channel", line.channel->name()}, {"alarm", alarm->kind}, {"id", alarm->id}});
      board_.settle(*owed);
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
    if (line.telling) {
      due = std::min(due, line.deadline);
    } else if (board_.first_owed(line.channel->name())) {
      due = std::min(due, line.next);
    }
  }
  for (const Trying& trial : trials_) due = std::min(due, trial.deadline);
  return due;
}

void Notifier::start(Line& line, Owed owed) {
  Message message{.what = owed.is_resolved ? Message::What::resolved : Message::What::raised,
                  .alarm = *board_.find(owed.alarm)};
  // That it was raised is told as it was then.
  if (!owed.is_resolved) message.alarm.resolved.reset();
  line.telling = std::move(owed);
  line.number = ++last_number_;
  line.deadline = clock_.monotonic() + line.channel->timeout();
  line.channel->send(line.number, message, answer_of(line.number));
}

void Notifier::count(const Line& line, bool is_told) {
  metrics_.alarm_told(line.channel->name(), is_told);
}

void Notifier::finish(std::uint64_t number, Result<void> told) {
  const auto line = std::ranges::find_if(
      lines_, [&](const Line& one) { return one.telling && one.number == number; });
  if (line == lines_.end()) return finish_trial(number, told);
  const Owed owed = *std::exchange(line->telling, std::nullopt);
  count(*line, told.has_value());
  if (told) {
    line->pause = Milliseconds(0);
    line->failing_since.reset();
    line->next = Monotonic::min();
    board_.settle(owed);
    return;
  }
  line->pause = line->pause.count() == 0 ? kFirstPause : std::min(2 * line->pause, kLongestPause);
  line->next = clock_.monotonic() + line->pause;
  if (!line->failing_since) line->failing_since = clock_.monotonic();
  const registry::Alarm* alarm = board_.find(owed.alarm);
  log_.error("an alarm could not be told; it is tried again",
             {{"channel", line->channel->name()},
              {"alarm", alarm == nullptr ? "" : alarm->kind},
              {"cause", told.error().message},
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

void Notifier::finish_trial(std::uint64_t number, const Result<void>& told) {
  const auto trial = std::ranges::find(trials_, number, &Trying::number);
  if (trial == trials_.end()) return;  // it was given up before
  TrialRun& run = *trial->run;
  Trial& result = run.results[trial->index];
  result.is_delivered = told.has_value();
  if (!told) result.problem = told.error().message;
  const std::shared_ptr<TrialRun> kept = trial->run;
  trials_.erase(trial);
  if (--kept->left == 0) kept->done.complete(std::move(kept->results));
}

void Notifier::stop() {
  for (Line& line : lines_) {
    if (line.telling) line.channel->cancel(line.number);
    line.telling.reset();
  }
  while (!trials_.empty()) {
    trials_.back().channel->cancel(trials_.back().number);
    finish_trial(trials_.back().number,
                 fail(Fault::unavailable, "the server stops or was reconfigured meanwhile"));
  }
}

}  // namespace imprint::monitoring
