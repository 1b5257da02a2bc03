// SPDX-License-Identifier: Apache-2.0
#include "test/support/control_api_world.h"

#include "control_api/operations.h"
#include "operator_api/operations.h"
#include "operator_api/report_link.h"
#include "test/support/recorded_changes.h"

namespace imprint::test {

namespace {

Random& random_or_system(Random* repeatable) {
  static SystemRandom system;
  return repeatable == nullptr ? system : *repeatable;
}

}  // namespace

ControlApiWorld::ControlApiWorld(registry::Store* real, Random* repeatable)
    : store(real == nullptr ? memory : *real), random(random_or_system(repeatable)) {
  store.watch([this](const registry::ChangeSet& changes) {
    for (const std::string& change : unrecorded_changes(changes)) {
      EXPECT_TRUE(is_arranging_) << change << " without an audit event";
    }
    operators.apply(changes);
    live.apply(changes);
    access.apply(identity::access_change_of(changes));
  });
}

ControlApiWorld::~ControlApiWorld() = default;

rest::Api ControlApiWorld::api_on(registry::Store& with, provisioning::IssueCertificate& issuing) {
  rest::Operations operations =
      rest::join({control_api::operations({.store = with,
                                           .device_access = access,
                                           .issue = issuing,
                                           .apply = apply,
                                           .registrations = registrations,
                                           .keys = keys,
                                           .settings = settings,
                                           .random = random,
                                           .log = log,
                                           .endpoint_address = "iot.example.net"}),
                  operator_api::operations({.store = with,
                                            .issue = issuing,
                                            .registrations = registrations,
                                            .hooks = hooks,
                                            .keys = keys,
                                            .settings = settings,
                                            .monitor = monitor,
                                            .random = random,
                                            .operators = operators,
                                            .connections = connections,
                                            .authorities = {ca.certificate, ca.certificate},
                                            .live = live,
                                            .archive = nullptr})});
  return rest::Api({.store = with,
                    .clock = clock,
                    .random = random,
                    .log = log,
                    .operators = operators,
                    .sessions = sessions,
                    .account = "000000000000",
                    .region = "us-east-1"},
                   {.operations = std::move(operations),
                    .missing = control_api::missing_operations(),
                    .links = {operator_api::report_link(registrations, with, clock)}});
}

void ControlApiWorld::arrange(registry::ChangeSet changes) {
  is_arranging_ = true;
  EXPECT_TRUE(runtime::run_blocking(memory.commit(std::move(changes))));
  is_arranging_ = false;
}

Reply ControlApiWorld::send(rest::HttpRequest request) {
  const rest::HttpResponse response = runtime::run_blocking(api.handle(std::move(request)));
  Reply reply{.status = response.status};
  for (const auto& [name, value] : response.headers) {
    if (name == "x-amzn-ErrorType") reply.error = value;
    if (name == "x-amzn-RequestId") reply.request_id = value;
  }
  auto body = encoding::parse_json(response.body);
  if (body && body->is_object()) reply.body = body->get_object();
  return reply;
}

Reply ControlApiWorld::call(const std::string& method, const std::string& target,
                            const std::string& body, rest::Headers headers) {
  rest::HttpRequest request{method, target, std::move(headers), body, "192.0.2.7"};
  signer.sign(request, clock.now());
  return send(std::move(request));
}

Reply ControlApiWorld::must(const std::string& method, const std::string& target,
                            const std::string& body, rest::Headers headers) {
  Reply reply = call(method, target, body, std::move(headers));
  EXPECT_EQ(reply.status, 200) << method << " " << target << ": " << reply.message();
  return reply;
}

std::string ControlApiWorld::make_certificate(bool active) {
  return must("POST", active ? "/keys-and-certificate?setAsActive=true" : "/keys-and-certificate")
      .text("certificateArn");
}

void ControlApiWorld::make_policy(const std::string& name) {
  must("POST", "/policies/" + name,
       encoding::to_json(encoding::json::object{
           {"policyDocument",
            R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect",)"
            R"("Resource":"*"}]})"}}));
}

std::vector<registry::AuditEvent> ControlApiWorld::events() {
  return all<registry::AuditEvent>(registry::query::AuditEvents{});
}

ControlApiWorld::Pages ControlApiWorld::follow(const std::string& method, const std::string& target,
                                               std::string_view member, bool marker_style,
                                               std::size_t size, rest::Headers headers) {
  Pages out;
  std::string next;
  const std::string join = target.find('?') == std::string::npos ? "?" : "&";
  do {
    std::string page =
        fmt::format("{}{}{}={}", target, join, marker_style ? "pageSize" : "maxResults", size);
    if (!next.empty()) {
      page += fmt::format("&{}={}", marker_style ? "marker" : "nextToken",
                          encoding::percent_encode(next));
    }
    const Reply reply = must(method, page, "", headers);
    if (!reply.body.contains(member)) return out;
    for (const auto& element : reply.list(member))
      out.elements.push_back(encoding::to_json(element));
    out.sizes.push_back(reply.list(member).size());
    next = reply.text(marker_style ? "nextMarker" : "nextToken");
  } while (!next.empty() && out.sizes.size() < 100);
  return out;
}

void expect_refusals(ControlApiWorld& world, const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    const std::size_t events = world.events().size();
    const Reply reply = world.call(refusal.method, refusal.target, refusal.body, refusal.headers);
    EXPECT_EQ(reply.status, refusal.status) << refusal.name << ": " << reply.message();
    EXPECT_EQ(reply.error, refusal.error) << refusal.name << ": " << reply.message();
    EXPECT_THAT(reply.message(), testing::HasSubstr(refusal.message)) << refusal.name;
    EXPECT_EQ(world.events().size(), events) << refusal.name << " changed something";
  }
}

}  // namespace imprint::test
