// SPDX-License-Identifier: Apache-2.0
#include "server/descriptors.h"

#include <algorithm>
#include <sys/resource.h>

namespace imprint::server {

namespace {

constexpr std::size_t kMostHttp = 1'500;
constexpr std::size_t kMostForTheRest = 500;

}  // namespace

Descriptors share_descriptors(std::size_t all, std::size_t wanted, std::size_t wanted_per_address) {
  const std::size_t http = std::clamp<std::size_t>(all / 8, 8, kMostHttp);
  const std::size_t rest = std::clamp<std::size_t>(all / 8, 32, kMostForTheRest);
  const std::size_t left = all > http + rest + 1 ? all - http - rest : 1;
  // If descriptors are few, one address must not hold them all.
  const std::size_t per_address =
      left < wanted ? std::min(wanted_per_address, (left + 1) / 2) : wanted_per_address;
  return {.devices = std::min(wanted, left), .devices_per_address = per_address, .http = http};
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  constexpr rlim_t kEnough = 10'000'000;  // RLIM_INFINITY is a huge number
  return static_cast<std::size_t>(std::min(limit.rlim_cur, kEnough));
}

}  // namespace imprint::server
