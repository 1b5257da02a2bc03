// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <regex>

#include "base/file.h"
#include "base/random.h"
#include "deployment/create.h"
#include "deployment/doctor.h"
#include "deployment/layout.h"
#include "test/support/fake_clock.h"
#include "test/support/scratch_folder.h"

namespace imprint::test {

/// A folder in which a test makes a deployment.
class NewDeployment : public testing::Test {
 protected:
  deployment::Layout made(const deployment::CreateOptions& options = {}) {
    const auto result = deployment::create(folder_ / "d", options, clock_, random_);
    EXPECT_TRUE(result) << result.error().message;
    const deployment::Layout at(folder_ / "d");
    // Free ports, so that a server on this machine does not affect a result.
    std::string quiet = *read_file(at.config(), 65536);
    quiet = std::regex_replace(quiet, std::regex("#mqtt = .*"), "mqtt = \"127.0.0.1:0\"");
    quiet = std::regex_replace(quiet, std::regex("#http = .*"), "http = \"127.0.0.1:0\"");
    EXPECT_TRUE(write_file_durably(at.config(), 0644, quiet));
    return at;
  }

  /// The doctor's check with that name.
  deployment::Check check(const deployment::Layout& at, const std::string& name) {
    for (const deployment::Check& one : deployment::examine(at.directory(), clock_)) {
      if (one.name == name) return one;
    }
    ADD_FAILURE() << "no check " << name;
    return {};
  }

  const ScratchFolder folder_;
  FakeClock clock_;
  SystemRandom random_;
};

}  // namespace imprint::test
