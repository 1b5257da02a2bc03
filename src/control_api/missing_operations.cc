// SPDX-License-Identifier: Apache-2.0
#include "control_api/router.h"

namespace imprint::control_api {

namespace {

// Listed so that their callers read what is missing instead of searching for a typing mistake. A
// row leaves this table when its operation comes.
constexpr MissingOperation kMissing[] = {
    {"TransferCertificate", "PATCH", "/transfer-certificate/{certificateId}"},
    {"AcceptCertificateTransfer", "PATCH", "/accept-certificate-transfer/{certificateId}"},
    {"RejectCertificateTransfer", "PATCH", "/reject-certificate-transfer/{certificateId}"},
    {"CancelCertificateTransfer", "PATCH", "/cancel-certificate-transfer/{certificateId}"},
    {"ListOutgoingCertificates", "GET", "/certificates-out-going"},
    {"CreateCertificateProvider", "POST", "/certificate-providers/{certificateProviderName}"},
    {"DescribeCertificateProvider", "GET", "/certificate-providers/{certificateProviderName}"},
    {"UpdateCertificateProvider", "PUT", "/certificate-providers/{certificateProviderName}"},
    {"DeleteCertificateProvider", "DELETE", "/certificate-providers/{certificateProviderName}"},
    {"ListCertificateProviders", "GET", "/certificate-providers/"},
    {"GetThingConnectivityData", "POST", "/things/{thingName}/connectivity-data"},
    {"RegisterThing", "POST", "/things"},
    {"StartThingRegistrationTask", "POST", "/thing-registration-tasks"},
    {"DescribeThingRegistrationTask", "GET", "/thing-registration-tasks/{taskId}"},
    {"ListThingRegistrationTasks", "GET", "/thing-registration-tasks"},
    {"ListThingRegistrationTaskReports", "GET", "/thing-registration-tasks/{taskId}/reports"},
    {"StopThingRegistrationTask", "PUT", "/thing-registration-tasks/{taskId}/cancel"},
    {"DescribeAccountAuditConfiguration", "GET", "/audit/configuration"},
    {"UpdateAccountAuditConfiguration", "PATCH", "/audit/configuration"},
    {"StartOnDemandAuditTask", "POST", "/audit/tasks"},
    {"DescribeAuditTask", "GET", "/audit/tasks/{taskId}"},
    {"ListAuditFindings", "POST", "/audit/findings"},
    {"CreateMitigationAction", "POST", "/mitigationactions/actions/{actionName}"},
    {"StartAuditMitigationActionsTask", "POST", "/audit/mitigationactions/tasks/{taskId}"},
    {"CreateJob", "PUT", "/jobs/{jobId}"},
    {"DescribeJob", "GET", "/jobs/{jobId}"},
    {"ListJobs", "GET", "/jobs"},
    {"UpdateJob", "PATCH", "/jobs/{jobId}"},
    {"CancelJob", "PUT", "/jobs/{jobId}/cancel"},
    {"DeleteJob", "DELETE", "/jobs/{jobId}"},
    {"GetJobDocument", "GET", "/jobs/{jobId}/job-document"},
    {"AssociateTargetsWithJob", "POST", "/jobs/{jobId}/targets"},
    {"ListJobExecutionsForJob", "GET", "/jobs/{jobId}/things"},
    {"ListJobExecutionsForThing", "GET", "/things/{thingName}/jobs"},
    {"DescribeJobExecution", "GET", "/things/{thingName}/jobs/{jobId}"},
    {"CancelJobExecution", "PUT", "/things/{thingName}/jobs/{jobId}/cancel"},
    {"DeleteJobExecution", "DELETE",
     "/things/{thingName}/jobs/{jobId}/executionNumber/{executionNumber}"},
};

}  // namespace

std::span<const MissingOperation> missing_operations() { return kMissing; }

}  // namespace imprint::control_api
