// SPDX-License-Identifier: Apache-2.0
#include "operator_api/live_feed.h"

#include <algorithm>

#include "operator_api/event_json.h"
#include "operator_api/operations.h"

namespace imprint::operator_api {

namespace {

/// Our JSON has no line breaks, so one line of data is enough.
void append_event(std::string& out, std::string_view name, std::string_view data) {
  out += fmt::format("event: {}\ndata: {}\n\n", name, data);
}

}  // namespace

class LiveFeed::Stream final : public rest::BodyStream {
 public:
  /// The caller has counted it in `feed.streams_`.
  Stream(LiveFeed& feed, std::function<bool()> may_go_on, std::uint64_t next)
      : feed_(feed),
        may_go_on_(std::move(may_go_on)),
        seen_(feed.topics_.size()),
        next_(next),
        spoke_(feed.clock_.monotonic()) {}
  ~Stream() override {
    const std::scoped_lock lock(feed_.mutex_);
    if (--feed_.streams_ > 0) return;
    feed_.first_ += feed_.steps_.size();
    feed_.steps_.clear();
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  std::optional<std::string> next() override {
    if (!may_go_on_()) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      if (const auto data = feed_.topics_[i].news(seen_[i]))
        append_event(out, feed_.topics_[i].event, *data);
    }
    append_steps(out);
    const Monotonic now = feed_.clock_.monotonic();
    if (out.empty() && now - spoke_ >= kHeartbeat) out = ": still here\n\n";
    if (!out.empty()) spoke_ = now;
    return out;
  }

 private:
  void append_steps(std::string& out) {
    encoding::json::array events;
    std::uint64_t left_out = 0;
    {
      const std::scoped_lock lock(feed_.mutex_);
      const std::uint64_t end = feed_.first_ + feed_.steps_.size();
      const std::uint64_t from = std::max(next_, end - std::min<std::uint64_t>(end, kMostSteps));
      left_out = from - next_;
      for (std::uint64_t i = std::max(from, feed_.first_); i < end; ++i)
        events.emplace_back(
            write_stored_event(feed_.steps_[static_cast<std::size_t>(i - feed_.first_)]));
      next_ = end;
    }
    if (events.empty()) return;
    append_event(out, "steps",
                 encoding::to_json(
                     encoding::json::object{{"events", std::move(events)}, {"leftOut", left_out}}));
  }

  LiveFeed& feed_;
  std::function<bool()> may_go_on_;
  std::vector<std::uint64_t> seen_;
  std::uint64_t next_;  ///< the number of the first step that was not sent
  Monotonic spoke_;
};

void LiveFeed::apply(const registry::ChangeSet& changes) {
  if (changes.events.empty()) return;
  const std::scoped_lock lock(mutex_);
  if (streams_ == 0) return;
  for (const registry::AuditEvent& event : changes.events) steps_.push_back(event);
  while (steps_.size() > kMostKept) {
    steps_.pop_front();
    ++first_;
  }
}

Result<std::unique_ptr<rest::BodyStream>> LiveFeed::open(std::function<bool()> may_go_on) {
  const std::scoped_lock lock(mutex_);
  if (streams_ >= kMostStreams) {
    return fail(Fault::exhausted, "{} pages listen already; close some", kMostStreams);
  }
  ++streams_;
  return std::make_unique<Stream>(*this, std::move(may_go_on), first_ + steps_.size());
}

Operations live_operations(LiveFeed& live) {
  using enum Exception;
  return {{.name = "WatchLive",
           .method = "GET",
           .path = "/imprint/v1/live",
           .inputs = {},
           .errors = {throttling, unauthorized, internal_failure},
           .run = {},
           .stream = [&live](std::function<bool()> may_go_on) {
             return live.open(std::move(may_go_on));
           }}};
}

}  // namespace imprint::operator_api
