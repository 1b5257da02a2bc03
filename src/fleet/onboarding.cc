// SPDX-License-Identifier: Apache-2.0
#include "fleet/onboarding.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "base/file.h"
#include "encoding/json.h"
#include "fleet/messages.h"
#include "x509/csr.h"
#include "x509/pem.h"

namespace imprint::fleet {

namespace {

using runtime::Task;

constexpr Milliseconds kFirstBackOff{500};
constexpr Milliseconds kMaxBackOff{30'000};

/// The pause doubles with each attempt. Half of it is random, so that devices spread out.
Milliseconds back_off(unsigned attempt, Random& random) {
  const Milliseconds whole = std::min(kFirstBackOff * (1 << std::min(attempt, 6U)), kMaxBackOff);
  std::array<std::uint8_t, 1> chance{};
  random.fill(chance);
  return whole / 2 + whole * chance[0] / 510;
}

tl::unexpected<Failure> wrong(std::string_view code, std::string message) {
  return failed(Cause::verification, code, std::move(message));
}

class Device {
 public:
  Device(const Options& options, ChainCheck& chain, Worker& worker, std::uint64_t index)
      : options_(options), chain_(chain), worker_(worker), serial_(serial_number(options, index)) {}

  Task<Outcome> run() {
    const Monotonic began = worker_.clock().monotonic();
    outcome_.device = serial_;
    Attempt<void> result = co_await with_retries(&Device::provision);
    if (result && options_.reconnect) result = co_await with_retries(&Device::use_identity);
    if (!result) outcome_.failure = std::move(result).error();
    outcome_.total = worker_.clock().monotonic() - began;
    co_return std::move(outcome_);
  }

 private:
  using Part = Task<Attempt<void>> (Device::*)();

  Task<Attempt<void>> with_retries(Part part) {
    for (unsigned attempt = 0;; ++attempt) {
      Attempt<void> result = co_await (this->*part)();
      if (result || !result.error().may_retry || attempt == options_.retries) co_return result;
      ++outcome_.retries;
      co_await worker_.sleep(back_off(attempt, worker_.random()));
    }
  }

  template <class T>
  Task<Attempt<T>> timed(Step step, Task<Attempt<T>> work) {
    return fleet::timed(worker_.clock(), outcome_, step, std::move(work));
  }

  // ---- with the claim ----

  Task<Attempt<void>> provision() {
    CO_TRY(make_key());
    const OpenLink link = worker_.make_link();
    CO_TRY(co_await timed(Step::connect,
                          link->open(worker_.first_login(), worker_.connect_options(serial_))));
    const std::string create = create_topic(options_.flow, options_.format);
    const std::string registration = register_topic(options_.template_name, options_.format);
    std::vector<std::string> filters = answers_of(create);
    std::ranges::move(answers_of(registration), std::back_inserter(filters));
    CO_TRY(co_await timed(Step::subscribe, link->subscribe(std::move(filters))));

    CO_TRY_ASSIGN(
        const mqtt::MessagePtr created,
        co_await timed(Step::create, call(*link, create, write_create(options_.format, csr_))));
    CO_TRY_ASSIGN(
        const Created answer,
        with_step(Step::create, read_created(options_.format, created->topic, created->payload)));
    CO_TRY(with_step(Step::create, check_certificate(answer)));

    auto parameters = options_.parameters;
    parameters[options_.serial_parameter] = serial_;
    CO_TRY_ASSIGN(
        const mqtt::MessagePtr registered,
        co_await timed(Step::register_thing,
                       call(*link, registration,
                            write_register(options_.format, answer.ownership_token, parameters))));
    CO_TRY_ASSIGN(
        const Registered thing,
        with_step(Step::register_thing,
                  read_registered(options_.format, registered->topic, registered->payload)));
    CO_TRY(with_step(Step::register_thing, check_thing(thing)));
    CO_TRY(with_step(Step::register_thing, save()));
    co_return Attempt<void>();
  }

  static Task<Attempt<mqtt::MessagePtr>> call(Link& link, std::string topic, Bytes payload) {
    std::vector<std::string> answers = answers_of(topic);
    return link.call({.topic = std::move(topic), .payload = std::move(payload)},
                     std::move(answers));
  }

  template <class T>
  static Attempt<T> with_step(Step step, Attempt<T> result) {
    if (!result) result.error().step = step;
    return result;
  }

  /// A retry uses the same key, like a real device after a lost answer.
  Attempt<void> make_key() {
    if (options_.flow == Flow::keys || key_) return {};
    auto key = x509::PrivateKey::generate(options_.key);
    if (!key) return failed(Cause::local, "no key", key.error().message);
    const auto subject =
        x509::DistinguishedName::make({{x509::NameType::common_name, serial_.substr(0, 64)}});
    if (!subject) return failed(Cause::local, "no CSR", subject.error().message);
    auto csr = x509::make_csr_pem(*key, *subject);
    if (!csr) return failed(Cause::local, "no CSR", csr.error().message);
    key_ = std::move(*key);
    csr_ = std::move(*csr);
    return {};
  }

  // ---- checks of the answers ----

  Attempt<void> check_certificate(const Created& answer) {
    auto certificate = x509::Certificate::from_pem(answer.certificate_pem);
    if (!certificate) return wrong("certificate unreadable", certificate.error().message);
    if (certificate->id().hex() != answer.certificate_id) {
      return wrong("certificateId differs",
                   fmt::format("certificateId is {}, but the SHA-256 of the certificate is {}",
                               quote(answer.certificate_id), certificate->id().hex()));
    }
    const Timestamp now = worker_.clock().now();
    if (const auto chain = chain_.check(*certificate, worker_.tls().sent_issuers(), now); !chain) {
      return wrong("chain", fmt::format("the certificate does not chain to the root: {}",
                                        chain.error().message));
    }
    if (options_.flow == Flow::keys) {
      auto key = x509::PrivateKey::from_pem(answer.private_key.reveal());
      if (!key) return wrong("private key unreadable", key.error().message);
      key_ = std::move(*key);
    } else if (!answer.private_key.empty()) {
      return wrong("unexpected private key", "the answer to a CSR contains a private key");
    }
    if (certificate->public_key() != key_->public_key())
      return wrong("public key differs", "the certificate is for another key");
    certificate_ = std::move(*certificate);
    return {};
  }

  Attempt<void> check_thing(const Registered& answer) {
    const auto name = ThingName::parse(answer.thing_name);
    if (!name) return wrong("thing name", name.error().message);
    if (name->str().find(serial_) == std::string::npos) {
      return wrong("thing name",
                   fmt::format("the thing name {} does not contain the serial number {}",
                               quote(name->str()), serial_));
    }
    thing_ = name->str();
    return {};
  }

  Attempt<void> save() {
    if (!options_.save_to) return {};
    const auto certificate =
        write_file_durably(*options_.save_to / (thing_ + ".pem"), 0644, certificate_->pem());
    if (!certificate) return failed(Cause::local, "not saved", describe(certificate.error()));
    const auto key =
        write_file_durably(*options_.save_to / (thing_ + ".key"), 0600, key_->pem_pkcs8().reveal());
    if (!key) return failed(Cause::local, "not saved", describe(key.error()));
    return {};
  }

  // ---- with the new certificate ----

  Task<Attempt<void>> use_identity() {
    Login login;
    auto handle = x509::to_openssl(*certificate_);
    if (!handle)
      co_return with_step(Step::reconnect,
                          Attempt<void>(wrong("certificate unreadable", handle.error().message)));
    login.certificate = std::move(*handle);
    login.key = key_->handle();
    const OpenLink link = worker_.make_link();
    CO_TRY(co_await timed(Step::reconnect, link->open(login, worker_.connect_options(thing_))));
    CO_TRY(co_await timed(Step::publish, link->publish(hello())));
    co_return Attempt<void>();
  }

  mqtt::Message hello() const {
    constexpr std::string_view kPlaceholder = "{thingName}";
    std::string topic = options_.publish_topic;
    for (std::size_t at = 0; (at = topic.find(kPlaceholder, at)) != std::string::npos;
         at += thing_.size())
      topic.replace(at, kPlaceholder.size(), thing_);
    const std::string payload =
        encoding::to_json(encoding::json::object{{options_.serial_parameter, serial_}});
    return {.topic = std::move(topic), .payload = {payload.begin(), payload.end()}};
  }

  const Options& options_;
  ChainCheck& chain_;
  Worker& worker_;
  const std::string serial_;
  Outcome outcome_;
  std::optional<x509::PrivateKey> key_;
  std::string csr_;
  std::optional<x509::Certificate> certificate_;
  std::string thing_;
};

}  // namespace

Task<Outcome> onboard(const Options& options, ChainCheck& chain, Worker& worker,
                      std::uint64_t index) {
  Device device(options, chain, worker, index);
  co_return co_await device.run();
}

}  // namespace imprint::fleet
