// SPDX-License-Identifier: Apache-2.0
#include "bulk/registration_tasks.h"
#include "control_api/s3_names.h"
#include "operator_api/operations.h"

namespace imprint::operator_api {

namespace {

/// The dependencies of these operations.
struct UploadNeeds {
  registry::Store& store;
  bulk::RegistrationTasks& registrations;
};

/// Imprint's own: the input file of a bulk registration, which AWS reads from S3. The listener
/// bounds the body, so a large file comes in parts, each with a signature of its own.
Answer put_upload(Call call, UploadNeeds needs) {
  const std::string bucket = call.in.text("bucket");
  const std::string key = call.in.text("key");
  const auto offset = static_cast<std::uint64_t>(call.in.integer("offset").value_or(0));
  const bool is_last = call.in.boolean("last").value_or(true);
  const auto stored =
      needs.registrations.uploads().put(bucket, key, offset, call.in.text("body"), is_last);
  if (!stored &&
      (stored.error().fault == Fault::invalid || stored.error().fault == Fault::conflict)) {
    co_return refuse(Exception::invalid_request, stored.error().message, stored.error().where);
  }
  if (!stored && stored.error().fault == Fault::exhausted)
    co_return refuse(Exception::limit_exceeded, stored.error().message, stored.error().where);
  CO_TRY(stored);
  if (is_last) {
    CO_TRY(co_await commit(
        needs.store,
        change_set(call.event({{"bucket", bucket}, {"key", key}, {"bytes", *stored}}))));
  }
  co_return json::object{
      {"bucket", bucket}, {"key", key}, {"bytes", *stored}, {"complete", is_last}};
}

using enum Exception;

constexpr InputInfo kPut[] = {
    members::s3_bucket("bucket", Location::path),
    members::s3_key("key", Location::path),
    {.name = "offset", .in = Location::query, .type = Type::integer, .least = 0},
    members::flag("last", Location::query),
    {.name = "body", .in = Location::raw}};

constexpr rest::Row<UploadNeeds> kOperations[] = {
    {"PutUpload",
     "PUT",
     "/imprint/v1/uploads/{bucket}/{key}",
     kPut,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure,
      limit_exceeded},
     put_upload,
     "upload/{bucket}"},
};

}  // namespace

Operations upload_operations(registry::Store& store, bulk::RegistrationTasks& registrations) {
  return rest::bind(kOperations, UploadNeeds{store, registrations});
}

}  // namespace imprint::operator_api
