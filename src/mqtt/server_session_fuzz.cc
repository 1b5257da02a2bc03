// SPDX-License-Identifier: Apache-2.0
// A client sends any bytes, in pieces of any size, to a host that gives any answer at any time.
#include <algorithm>
#include <deque>

#include "base/error.h"
#include "mqtt/server_session.h"

using namespace imprint;        // NOLINT(google-build-using-namespace)
using namespace imprint::mqtt;  // NOLINT(google-build-using-namespace)

namespace {

class Host {
 public:
  explicit Host(BytesView script) : script_(script), session_(limits(), now_) {}

  void run() {
    while (!script_.empty()) {
      step(take());
      drain();
      check();
    }
    session_.connection_lost();
    drain();
    IMPRINT_ASSERT(closed_ && session_.is_closed() && !session_.next_deadline());
  }

 private:
  static const Limits& limits() {
    static const Limits kLimits = [] {
      Limits small;  // small, so that short inputs reach them
      small.connect_packet_bytes = 256;
      small.packet_bytes = 512;
      small.payload_bytes = 128;
      small.subscriptions = 5;
      small.receive_maximum = 4;
      small.queue_messages = 8;
      small.queue_bytes = 4096;
      small.unwritten_pause_bytes = 256;
      small.unwritten_bytes = 4096;
      small.pending_requests = 4;
      return small;
    }();
    return kLimits;
  }

  std::uint8_t take() {
    if (script_.empty()) return 0;
    const std::uint8_t byte = script_[0];
    script_ = script_.subspan(1);
    return byte;
  }

  ReasonCode some_code() { return static_cast<ReasonCode>(take()); }

  MessagePtr some_message() {
    Message message{.topic = "t", .payload = Bytes(take() % 160, 'p')};
    message.received = now_;
    if (const std::uint8_t seconds = take(); seconds % 4 == 0) message.expiry = Seconds(seconds);
    return std::make_shared<const Message>(std::move(message));
  }

  /// Half of the steps pass bytes from the client, so that a raw packet stream is a short script.
  void step(std::uint8_t what) {
    if (what < 128) {
      const BytesView bytes = script_.first(std::min<std::size_t>(what, script_.size()));
      script_ = script_.subspan(bytes.size());
      return session_.receive(bytes, now_);
    }
    switch (what % 12) {
      case 0:
        now_ += Seconds(take());
        return session_.tick(now_);
      case 1:
        return session_.written(session_.unwritten() * take() / 255, now_);
      case 2:
        return accept();
      case 3:
        return session_.refuse_connect(some_code(), "because");
      case 4:
        session_.acknowledge_publish(take(), some_code(), "because");
        return;
      case 5:
        return answer_one();
      case 6:
      case 7:
      case 8:
        session_.deliver(some_message(), static_cast<QoS>(take() % 2), take() % 2 == 0, now_);
        return;
      case 9:
        return session_.disconnect(some_code(), "because");
      case 10:
        eager_ = !eager_;
        return;
      default:
        return park_and_resume();
    }
  }

  void accept() {
    ConnectAnswer answer;
    if (take() % 2 == 0) answer.assigned_client_id = "assigned";
    if (parked_ && parked_->version == session_.version()) answer.session = std::move(parked_);
    if (!session_.accept_connect(std::move(answer), now_)) parked_ = std::move(answer.session);
  }

  void answer_one() {
    if (!subscribes_.empty()) {
      SubscribeRequest& request = subscribes_.front();
      for (SubscribeRequest::Entry& entry : request.entries) {
        if (take() % 4 == 0) entry.code = ReasonCode::not_authorized;
      }
      session_.answer_subscribe(request, "because");
      subscribes_.pop_front();
    } else if (!unsubscribes_.empty()) {
      session_.answer_unsubscribe(unsubscribes_.front());
      unsubscribes_.pop_front();
    }
  }

  void park_and_resume() {
    if (!session_.is_closed()) return;
    parked_ = session_.take_state();
    parked_->outbox.push(some_message(), QoS::at_least_once, false, limits());
    IMPRINT_ASSERT(session_.subscriptions().empty());
  }

  void drain() {
    std::size_t actions = 0;
    while (auto action = session_.next_action()) {
      IMPRINT_ASSERT(!closed_);  // nothing comes after Close
      IMPRINT_ASSERT(++actions < 4096);
      std::visit([this](auto& a) { take_action(a); }, *action);
    }
  }

  void take_action(SendBytes& send) {
    IMPRINT_ASSERT(!send.bytes.empty());
    IMPRINT_ASSERT(session_.unwritten() <= limits().unwritten_bytes + limits().packet_bytes);
    sent_.insert(sent_.end(), send.bytes.begin(), send.bytes.end());
    check_sent();
    if (eager_) session_.written(send.bytes.size(), now_);
  }
  void take_action(ConnectRequest& request) {
    IMPRINT_ASSERT(!asked_);  // one CONNECT
    asked_ = true;
    IMPRINT_ASSERT(request.keep_alive >= Seconds(30) && request.keep_alive <= Seconds(1200));
    if (eager_) accept();
  }
  void take_action(PublishRequest& request) {
    IMPRINT_ASSERT(request.qos != QoS::exactly_once);
    IMPRINT_ASSERT((request.packet_id != 0) == (request.qos == QoS::at_least_once));
    IMPRINT_ASSERT(validate_topic(request.message->topic).has_value());
    IMPRINT_ASSERT(request.message->payload.size() <= limits().payload_bytes);
    if (!eager_) return;
    session_.acknowledge_publish(request.packet_id);
    session_.deliver(request.message, request.qos, request.retain, now_);
  }
  void take_action(SubscribeRequest& request) {
    IMPRINT_ASSERT(!request.entries.empty() && request.entries.size() <= 8);
    if (eager_) return session_.answer_subscribe(request);
    subscribes_.push_back(std::move(request));
  }
  void take_action(UnsubscribeRequest& request) {
    if (eager_) return session_.answer_unsubscribe(request);
    unsubscribes_.push_back(std::move(request));
  }
  void take_action(Close& close) {
    IMPRINT_ASSERT(!close.detail.empty());
    closed_ = true;
  }

  /// Checks that the client can decode everything sent to it, and that CONNACK comes first.
  void check_sent() {
    FrameReader reader(1 << 20);
    for (BytesView rest = sent_; !rest.empty();) {
      const auto frame = reader.next(rest);
      IMPRINT_ASSERT(frame.has_value() && frame->has_value());
      IMPRINT_ASSERT(((*frame)->type() == PacketType::connack) == !connack_sent_);
      connack_sent_ = true;
      IMPRINT_ASSERT(decode(**frame, session_.version(), Sender::server).has_value());
    }
    sent_.clear();
  }

  void check() {
    IMPRINT_ASSERT(session_.subscriptions().size() <= limits().subscriptions);
    IMPRINT_ASSERT(session_.is_closed() == closed_);
  }

  BytesView script_;
  Monotonic now_{Seconds(1000)};
  ServerSession session_;
  std::unique_ptr<SessionState> parked_;
  std::deque<SubscribeRequest> subscribes_;
  std::deque<UnsubscribeRequest> unsubscribes_;
  Bytes sent_;
  bool eager_ = true;
  bool asked_ = false;
  bool closed_ = false;
  bool connack_sent_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Host({data, size}).run();
  return 0;
}
