// SPDX-License-Identifier: Apache-2.0
#include "apps/imprint/audit_sink.h"

#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <limits>
#include <linux/sockios.h>
#include <netdb.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit/event_json.h"
#include "audit/syslog.h"
#include "base/file.h"
#include "base/name.h"

namespace imprint::tool {

namespace {

/// How long to wait for a receiver that does not read, or does not answer.
constexpr int kPatienceSeconds = 30;

/// The name of this machine, for the field HOSTNAME of syslog; "-" when it cannot be read.
std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "-";
}

class LineSink final : public AuditSink {
 public:
  LineSink(AuditFormat format, FileDescriptor file, std::string path)
      : format_(format), file_(std::move(file)), path_(std::move(path)) {}

  Result<void> write(const registry::AuditEvent& event) override {
    constexpr std::size_t kAtOnce = std::size_t{64} * 1024;
    waiting_ += format_ == AuditFormat::syslog ? audit::to_syslog(event, host_)
                                               : encoding::to_json(audit::event_json(event));
    waiting_ += '\n';
    return waiting_.size() < kAtOnce ? Result<void>() : flush();
  }
  Result<void> flush() override {
    const int descriptor = file_.is_open() ? file_.get() : STDOUT_FILENO;
    return write_all(descriptor, std::exchange(waiting_, {}), path_);
  }

 private:
  const AuditFormat format_;
  const FileDescriptor file_;
  const std::string path_;
  const std::string host_ = host_name();
  std::string waiting_;
};

class SyslogSender final : public AuditSink {
 public:
  SyslogSender(std::string url, bool is_stream, std::string host, std::string port)
      : url_(std::move(url)),
        is_stream_(is_stream),
        host_(std::move(host)),
        port_(std::move(port)) {}

  Result<void> write(const registry::AuditEvent& event) override {
    if (!socket_.is_open()) TRY(reconnect());
    std::string message = is_stream_ ? audit::octet_counted(audit::to_syslog(event, here_))
                                     : audit::to_datagram(event, here_);
    auto sent = send(message);
    if (!sent) {
      socket_ = FileDescriptor();
    } else if (is_stream_) {
      unconfirmed_.push_back({std::move(message), sent_});
    }
    return sent;
  }

 private:
  /// Data that TCP has accepted but the receiver's machine has not acknowledged.
  struct Sent {
    std::string message;
    std::uint64_t end;  ///< position in the connection's byte stream
  };

  /// Sends again whatever the last connection may not have delivered: an event may arrive twice,
  /// but none is lost between two connections.
  Result<void> reconnect() {
    TRY(connect());
    sent_ = 0;
    // Until they are sent again, no acknowledgement on this connection concerns them.
    for (Sent& one : unconfirmed_) one.end = std::numeric_limits<std::uint64_t>::max();
    for (Sent& one : unconfirmed_) {
      if (auto sent = send(one.message); !sent) {
        socket_ = FileDescriptor();
        return sent;
      }
      one.end = sent_;
    }
    return {};
  }

  Result<void> connect() {
    addrinfo hints{};
    hints.ai_socktype = is_stream_ ? SOCK_STREAM : SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(host_.c_str(), port_.c_str(), &hints, &found); code != 0)
      return fail(Fault::unavailable, "cannot find {}: {}", url_, ::gai_strerror(code));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
      FileDescriptor socket(
          ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
      if (!socket.is_open()) continue;
      const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
      ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      if (::connect(socket.get(), at->ai_addr, at->ai_addrlen) != 0) continue;
      socket_ = std::move(socket);
      return {};
    }
    return fail(Fault::unavailable, "cannot connect to {}: {}", url_, std::strerror(errno));
  }

  /// Detects that the receiver has closed the connection, before the next event is lost in transit.
  Result<void> check_receiver() {
    pollfd poll{.fd = socket_.get(), .events = POLLRDHUP, .revents = 0};
    if (::poll(&poll, 1, 0) > 0 && (poll.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
      return fail(Fault::unavailable, "{} has closed the connection", url_);
    int waiting = 0;
    if (::ioctl(socket_.get(), SIOCOUTQ, &waiting) != 0) return {};
    const std::uint64_t confirmed = sent_ - static_cast<std::uint64_t>(waiting);
    while (!unconfirmed_.empty() && unconfirmed_.front().end <= confirmed) unconfirmed_.pop_front();
    return {};
  }

  Result<void> send(std::string_view bytes) {
    if (is_stream_) TRY(check_receiver());
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno == EAGAIN) {
        return fail(Fault::unavailable, "{} has accepted no data for {} seconds", url_,
                    kPatienceSeconds);
      }
      if (sent < 0)
        return fail(Fault::unavailable, "cannot send to {}: {}", url_, std::strerror(errno));
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      sent_ += static_cast<std::uint64_t>(sent);
    }
    return {};
  }

  const std::string url_;
  const bool is_stream_;
  const std::string host_;
  const std::string port_;
  const std::string here_ = host_name();
  FileDescriptor socket_;
  std::uint64_t sent_ = 0;  ///< bytes sent over this connection
  std::deque<Sent> unconfirmed_;
};

}  // namespace

Result<std::unique_ptr<AuditSink>> make_line_sink(AuditFormat format, const std::string& path) {
  if (path.empty()) return std::make_unique<LineSink>(format, FileDescriptor(), "stdout");
  FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return system_failure("create", path);
  return std::make_unique<LineSink>(format, std::move(file), path);
}

Result<std::unique_ptr<AuditSink>> make_syslog_sender(const std::string& url) {
  const bool is_stream = url.starts_with("tcp://");
  const std::string place = url.starts_with("udp://") || is_stream ? url.substr(6) : "";
  const auto colon = place.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == place.size()) {
    return fail(Fault::invalid, "{} is not udp://HOST:PORT or tcp://HOST:PORT", quote(url));
  }
  std::string host = place.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::make_unique<SyslogSender>(url, is_stream, host, place.substr(colon + 1));
}

}  // namespace imprint::tool
