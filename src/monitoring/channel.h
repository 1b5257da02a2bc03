// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alarms/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "monitoring/message.h"
#include "telemetry/log.h"

namespace imprint::monitoring {

/// One way to notify people. A channel has no timeout and does not retry; the Notifier does both.
class Channel {
 public:
  /// May be called on any thread, also from within send(). An error says why the message was not
  /// delivered.
  using Done = std::function<void(Result<void>)>;

  virtual ~Channel() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;  ///< "webhook": also a metric label
  [[nodiscard]] virtual Seconds timeout() const { return Seconds(30); }
  /// `done` is called once, unless cancel() comes first.
  virtual void send(std::uint64_t number, const Message& message, Done done) = 0;
  virtual void cancel(std::uint64_t) {}
};
using Channels = std::vector<std::unique_ptr<Channel>>;

/// The prefix of an alarm's topic; the kind follows.
inline constexpr std::string_view kTopicPrefix = "$imprint/alarms/";
/// Publishes to every subscriber of a topic; any thread.
using Publish = std::function<void(std::string topic, std::string payload)>;

/// The dependencies of channels; outlives them.
struct ChannelParts {
  std::filesystem::path directory;  ///< of the deployment: file names are relative to it
  Sender sender;
  const Clock& clock;
  telemetry::Log& log;
  Publish publish;
};

/// Creates the channels that the options enable. An error names the key whose file is unreadable or
/// whose secret is accessible to others.
Result<Channels> make_channels(const alarms::Options& options, const ChannelParts& parts);

}  // namespace imprint::monitoring
