// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/call.h"
#include "control_api/http.h"
#include "control_api/router.h"
#include "control_api/signatures.h"
#include "runtime/task.h"

namespace imprint::control_api {

/// The REST API of AWS IoT's control plane, and Imprint's own calls under /imprint/v1/: signature,
/// route, inputs, operation, answer. One per process, any thread; outlives its requests.
class ControlApi {
 public:
  ControlApi(Dependencies dependencies, AccessKey key)
      : dependencies_(std::move(dependencies)), key_(std::move(key)) {}
  ControlApi(const ControlApi&) = delete;
  ControlApi& operator=(const ControlApi&) = delete;

  /// Never throws, never says what is inside. Every answer carries x-amzn-RequestId, which the log
  /// and the audit trail know.
  runtime::Task<HttpResponse> handle(HttpRequest request);

 private:
  /// A request whose signature and inputs are right.
  struct Accepted {
    const OperationInfo* operation;
    Call call;
  };

  runtime::Task<HttpResponse> answer(HttpRequest request, std::string request_id);
  Result<Accepted> accept(const HttpRequest& request, const std::string& request_id) const;
  void note_failure(const Error& error, const std::string& request_id,
                    std::string_view operation) const;

  const Dependencies dependencies_;
  const AccessKey key_;
  const Router router_{all_operations()};
};

}  // namespace imprint::control_api
