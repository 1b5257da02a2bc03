// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "policy/policy.h"

namespace imprint::policy {
namespace {

constexpr std::string_view kDevicePolicy = R"({"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:eu-west-1:000000000000:client/${iot:Connection.Thing.ThingName}"},
 {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":["arn:aws:iot:eu-west-1:000000000000:topic/device/${iot:Connection.Thing.ThingName}/*","arn:aws:iot:eu-west-1:000000000000:topic/$aws/things/${iot:Connection.Thing.ThingName}/*"]},
 {"Effect":"Allow","Action":"iot:Subscribe","Resource":["arn:aws:iot:eu-west-1:000000000000:topicfilter/device/${iot:Connection.Thing.ThingName}/*","arn:aws:iot:eu-west-1:000000000000:topicfilter/$aws/things/${iot:Connection.Thing.ThingName}/*"]},
 {"Effect":"Deny","Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/*/admin/*"}]})";

void publish(benchmark::State& state) {
  const std::vector<std::shared_ptr<const Policy>> policies = {
      std::make_shared<const Policy>(*Policy::parse(kDevicePolicy))};
  Context context = nothing_known();
  context.client_id = "device-A1B2C3D4";
  context.thing_name = "device-A1B2C3D4";
  for (auto _ : state) {
    const Request request = {Action::publish, "$aws/things/device-A1B2C3D4/jobs/start-next"};
    benchmark::DoNotOptimize(evaluate(policies, request, context));
  }
}
BENCHMARK(publish);

void parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Policy::parse(kDevicePolicy));
}
BENCHMARK(parse);

}  // namespace
}  // namespace imprint::policy
