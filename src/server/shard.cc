// SPDX-License-Identifier: Apache-2.0
#include "server/shard.h"

#include <boost/asio/post.hpp>
#include <sys/socket.h>

namespace imprint::server {

namespace {

using boost::asio::ip::tcp;

constexpr int kBacklog = 4096;
constexpr auto kAcceptPause = std::chrono::milliseconds(20);
/// How often wills and expiries of sessions without a connection are checked.
constexpr auto kParkedPeriod = std::chrono::seconds(1);
/// The number of concurrent reads of rights: a policy change may affect every client, and the store
/// has other requests to serve.
constexpr std::size_t kMaxRefreshing = 16;

ConnectionLimits share_of(const ConnectionLimits& all, std::size_t shards) {
  const auto part = [shards](std::size_t limit) { return (limit + shards - 1) / shards; };
  const std::size_t connections = part(all.connections);
  // If the limit is low, handshakes may use only half of it, so that the rest is left to clients
  // that have completed theirs.
  const std::size_t handshakes =
      std::min(part(all.handshakes), std::max<std::size_t>(1, connections / 2));
  return {connections, part(all.connections_per_address), handshakes, part(all.sessions)};
}

Unexpected cannot(const char* doing, const Shard::Address& address,
                  const boost::system::error_code& error) {
  return fail(Fault::unavailable, "cannot {} {}: {}", doing, to_text(address), error.message());
}

}  // namespace

Shard::Shard(std::uint16_t index, std::uint16_t shards, Services& services, MqttTls tls)
    : index_(index),
      services_(services),
      share_(share_of(services.limits, shards)),
      tls_(std::move(tls)),
      switchboard_(*this, services),
      handshakes_(share_.handshakes) {}

Shard::~Shard() = default;

std::string to_text(const Shard::Address& address) {
  const std::string host = address.address().to_string();
  return address.address().is_v6() ? fmt::format("[{}]:{}", host, address.port())
                                   : fmt::format("{}:{}", host, address.port());
}

Result<std::unique_ptr<Shard>> Shard::make(std::uint16_t index, std::uint16_t shards,
                                           Services& services, MqttTls tls,
                                           const Address& address) {
  std::unique_ptr<Shard> shard(new Shard(index, shards, services, std::move(tls)));
  TRY(shard->listen(address));
  return shard;
}

Result<void> Shard::listen(const Address& address) {
  boost::system::error_code error;
  acceptor_.open(address.protocol(), error);
  if (error) return cannot("open a socket for", address, error);
  if (index_ == 0) {
    TRY(listen_alone(address));
    TRY(let_others_in());
  } else {
    TRY(let_others_in());
    acceptor_.bind(address, error);
    if (error) return cannot("listen on", address, error);
    acceptor_.listen(kBacklog, error);
    if (error) return cannot("listen on", address, error);
  }
  acceptor_.non_blocking(true, error);
  address_ = acceptor_.local_endpoint(error);
  return {};
}

/// With SO_REUSEPORT the kernel would let a second imprintd of the same user listen here too and
/// give it part of the connections: another deployment's server, with another CA, would answer half
/// of the devices. So the first shard binds the address without that option, which the kernel
/// grants to one socket only, and sets the option for its siblings afterwards.
Result<void> Shard::listen_alone(const Address& address) {
  boost::system::error_code error;
  acceptor_.bind(address, error);
  if (error == boost::asio::error::address_in_use) {
    // The address is in use by connections of the last run that linger in TIME_WAIT, or by another
    // process's socket.
    acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    acceptor_.bind(address, error);
  }
  // Connections inherit the option: those accepted before the siblings have bound must not block
  // them.
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (error == boost::asio::error::address_in_use) {
    return fail(
        Fault::conflict,
        "cannot listen on {}: another process does already, perhaps the imprintd of another "
        "deployment; find it: ss -ltnp 'sport = :{}', or choose another port (listen.mqtt, "
        "--mqtt)",
        to_text(address), address.port());
  }
  if (error) return cannot("listen on", address, error);
  return {};
}

Result<void> Shard::let_others_in() {
  boost::system::error_code error;
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  const int on = 1;
  if (error ||
      ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    return fail(Fault::unavailable, "this system has no SO_REUSEPORT");
  return {};
}

void Shard::run() {
  const Executor::Scope scope(*this);
  ticked_ = services_.clock.monotonic();
  accept_next();
  arm_timer();
  loop_.run();
}

std::size_t Shard::run_leftovers() {
  const Executor::Scope scope(*this);
  loop_.restart();
  return loop_.poll();
}

void Shard::post(std::function<void()> work) { boost::asio::post(loop_, std::move(work)); }

// ---- accepting ----

void Shard::accept_next() {
  if (accepting_ || stopping_) return;
  accepting_ = true;
  acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
    accepting_ = false;
    if (stopping_ || error == boost::asio::error::operation_aborted) return;
    if (!error) {
      accepted(std::move(socket));
      return accept_next();
    }
    // Out of descriptors or memory: open connections continue; try again after a pause.
    services_.log.warning("cannot accept a connection", {{"cause", error.message()}});
    retry_.expires_after(kAcceptPause);
    retry_.async_wait([this](const boost::system::error_code&) { accept_next(); });
  });
}

bool Shard::admit(const std::string& address) {
  if (connections_.size() >= share_.connections) {
    services_.log.warning("refused a connection: the limit of connections is reached",
                          {{"from", address}});
    return false;
  }
  if (per_address_.of(address) >= share_.connections_per_address) {
    services_.log.warning("refused a connection: its address has too many", {{"from", address}});
    return false;
  }
  return true;
}

void Shard::accepted(tcp::socket socket) {
  boost::system::error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return;
  const std::string address = peer.address().to_string();
  if (!admit(address)) return;
  socket.non_blocking(true, error);
  socket.set_option(tcp::no_delay(true), error);
  const std::uint64_t number = ++last_number_;
  SslPtr ssl = tls_.accept(socket.native_handle());
  auto made =
      std::make_unique<Connection>(*this, number, std::move(socket), std::move(ssl), address);
  Connection& connection = *connections_.emplace(number, std::move(made)).first->second;
  per_address_.add(address);
  make_room();
  handshakes_.take(number, address);
  connection.start();
}

/// A newcomer is always admitted; the handshake that least needs its place is ended.
void Shard::make_room() {
  while (const auto number = handshakes_.next_to_evict()) {
    handshakes_.release(*number);
    if (Connection* c = connection(*number)) c->give_way();
  }
}

void Shard::remove(std::uint64_t number) {
  // Posted, because a member function of the connection may still be running.
  post([this, number] {
    const auto it = connections_.find(number);
    if (it == connections_.end()) return;
    per_address_.remove(it->second->source_ip());
    noted_deadline_.erase(number);
    connections_.erase(it);
    end_if_idle();
  });
}

Connection* Shard::connection(std::uint64_t number) {
  const auto it = connections_.find(number);
  return it == connections_.end() ? nullptr : it->second.get();
}

Client* Shard::client(std::uint64_t number) {
  Connection* found = connection(number);
  return found == nullptr ? nullptr : found->client();
}

ConnectedClient* Shard::connected_client(std::uint64_t number) {
  Client* found = client(number);
  return found == nullptr ? nullptr : found->connected();
}

// ---- time ----

void Shard::schedule(Connection& connection) {
  const auto deadline = connection.deadline();
  if (!deadline) return;
  const auto [it, is_new] = noted_deadline_.try_emplace(connection.number(), *deadline);
  if (!is_new && it->second <= *deadline) return;
  it->second = *deadline;
  deadlines_.emplace(*deadline, connection.number());
  arm_timer();
}

void Shard::arm_timer() {
  Monotonic next = std::max(parked_due_, services_.clock.monotonic());
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  if (next >= armed_for_) return;
  armed_for_ = next;
  timer_.expires_at(next);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void Shard::tick() {
  armed_for_ = Monotonic::max();
  const Monotonic now = services_.clock.monotonic();
  ticked_ = now;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto [when, number] = *deadlines_.begin();
    deadlines_.erase(deadlines_.begin());
    const auto noted = noted_deadline_.find(number);
    if (noted == noted_deadline_.end() || noted->second != when)
      continue;  // replaced by an earlier one
    noted_deadline_.erase(noted);
    Connection* c = connection(number);
    if (c == nullptr) continue;
    const auto real = c->deadline();
    if (real && *real <= now) c->tick(now);
    schedule(*c);
  }
  if (now >= parked_due_) {
    parked_due_ = now + kParkedPeriod;
    switchboard_.tick(now);
    stale_.insert(unread_.begin(), unread_.end());
    unread_.clear();
    start_refreshing();
  }
  if (now >= grace_ends_) loop_.stop();
  arm_timer();
}

Milliseconds Shard::silence() const {
  const Monotonic ticked = ticked_;
  if (ticked == Monotonic{}) return {};
  return std::chrono::duration_cast<Milliseconds>(services_.clock.monotonic() - ticked);
}

// ---- changes in the registry ----

void Shard::enlist(std::uint64_t number, const CertificateId& certificate,
                   const identity::Principal& principal) {
  by_certificate_.emplace(certificate, number);
  for (const identity::AttachedThing& attached : principal.things)
    by_thing_.emplace(attached.thing.name, number);
}

void Shard::delist(std::uint64_t number, const CertificateId& certificate,
                   const identity::Principal& principal) {
  const auto erase = [number](auto& map, const auto& key) {
    const auto [first, last] = map.equal_range(key);
    for (auto it = first; it != last; ++it) {
      if (it->second == number) {
        map.erase(it);
        return;
      }
    }
  };
  erase(by_certificate_, certificate);
  for (const identity::AttachedThing& attached : principal.things)
    erase(by_thing_, attached.thing.name);
}

void Shard::access_changed(const identity::AccessChange& change) {
  if (change.empty()) return;
  bool is_first = false;
  {
    const std::scoped_lock lock(changes_mutex_);
    is_first = changes_.empty();
    changes_.everything = changes_.everything || change.everything;
    changes_.certificates.insert(changes_.certificates.end(), change.certificates.begin(),
                                 change.certificates.end());
    changes_.things.insert(changes_.things.end(), change.things.begin(), change.things.end());
    has_changes_.store(true, std::memory_order_release);
  }
  if (is_first) post([this] { notify_clients(); });
}

void Shard::notify_clients() {
  identity::AccessChange change;
  {
    const std::scoped_lock lock(changes_mutex_);
    change = std::exchange(changes_, {});
    has_changes_.store(false, std::memory_order_relaxed);
  }
  std::unordered_set<std::uint64_t> affected;
  const auto add = [&](const auto& map, const auto& key) {
    const auto [first, last] = map.equal_range(key);
    for (auto it = first; it != last; ++it) affected.insert(it->second);
  };
  if (change.everything) {
    for (const auto& [number, c] : connections_) affected.insert(number);
  }
  for (const CertificateId& id : change.certificates) add(by_certificate_, id);
  for (const ThingName& thing : change.things) add(by_thing_, thing);
  for (const std::uint64_t number : affected) {
    if (Client* found = client(number)) found->access_changed();
  }
  switchboard_.access_changed(change);
}

void Shard::refresh_rights(std::uint64_t number, bool is_urgent) {
  stale_.insert(number);
  if (is_urgent) urgent_.push_back(number);
  start_refreshing();
}

void Shard::start_refreshing() {
  const std::size_t wanted = std::min(kMaxRefreshing, stale_.size());
  for (std::size_t i = refreshing_; i < wanted; ++i) runtime::start(refresh_stale());
}

runtime::Task<void> Shard::refresh_stale() {
  ++refreshing_;
  // A client whose rights cannot be read does not hold up others. After several failures, wait for
  // the next second.
  constexpr int kMostFailures = 4;
  int failures = 0;
  while (!stale_.empty() && failures < kMostFailures) {
    std::uint64_t number = *stale_.begin();
    while (!urgent_.empty()) {
      const std::uint64_t first = urgent_.front();
      urgent_.pop_front();
      if (!stale_.contains(first)) continue;
      number = first;
      break;
    }
    stale_.erase(number);
    if (co_await Client::read_rights(*this, number)) {
      failures = 0;
    } else {
      ++failures;
      unread_.push_back(number);
    }
  }
  --refreshing_;
}

void Shard::use_tls(MqttTls tls) {
  auto shared = std::make_shared<MqttTls>(std::move(tls));
  post([this, shared] { tls_ = std::move(*shared); });
}

// ---- stopping ----

void Shard::stop(Milliseconds grace) {
  post([this, grace] {
    stopping_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    grace_ends_ = services_.clock.monotonic() + grace;
    deadlines_.emplace(grace_ends_, 0);
    arm_timer();
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, c] : connections_) numbers.push_back(number);
    for (const std::uint64_t number : numbers) {
      Connection* c = connection(number);
      if (c == nullptr) continue;
      c->session().disconnect(mqtt::ReasonCode::server_shutting_down,
                              "the server is shutting down");
      c->pump();
    }
    end_if_idle();
  });
}

void Shard::end_if_idle() {
  if (stopping_ && connections_.empty()) loop_.stop();
}

}  // namespace imprint::server
