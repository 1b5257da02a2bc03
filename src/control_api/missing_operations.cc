// SPDX-License-Identifier: Apache-2.0
#include "control_api/operations.h"

namespace imprint::control_api {

namespace {

// Every operation of the service model that is not here, so that its callers read what is missing
// instead of searching for a typing mistake. A row leaves this table when its operation comes.

constexpr MissingOperation kTransferOfCertificates[] = {
    {"AcceptCertificateTransfer", "PATCH", "/accept-certificate-transfer/{certificateId}"},
    {"CancelCertificateTransfer", "PATCH", "/cancel-certificate-transfer/{certificateId}"},
    {"ListOutgoingCertificates", "GET", "/certificates-out-going"},
    {"RejectCertificateTransfer", "PATCH", "/reject-certificate-transfer/{certificateId}"},
    {"TransferCertificate", "PATCH", "/transfer-certificate/{certificateId}"},
};

constexpr MissingOperation kCertificateProviders[] = {
    {"CreateCertificateProvider", "POST", "/certificate-providers/{certificateProviderName}"},
    {"DeleteCertificateProvider", "DELETE", "/certificate-providers/{certificateProviderName}"},
    {"DescribeCertificateProvider", "GET", "/certificate-providers/{certificateProviderName}"},
    {"UpdateCertificateProvider", "PUT", "/certificate-providers/{certificateProviderName}"},
    {"ListCertificateProviders", "GET", "/certificate-providers/"},
};

constexpr MissingOperation kThings[] = {
    {"GetThingConnectivityData", "POST", "/things/{thingName}/connectivity-data"},
};

constexpr MissingOperation kBillingGroups[] = {
    {"AddThingToBillingGroup", "PUT", "/billing-groups/addThingToBillingGroup"},
    {"CreateBillingGroup", "POST", "/billing-groups/{billingGroupName}"},
    {"DeleteBillingGroup", "DELETE", "/billing-groups/{billingGroupName}"},
    {"DescribeBillingGroup", "GET", "/billing-groups/{billingGroupName}"},
    {"UpdateBillingGroup", "PATCH", "/billing-groups/{billingGroupName}"},
    {"ListBillingGroups", "GET", "/billing-groups"},
    {"RemoveThingFromBillingGroup", "PUT", "/billing-groups/removeThingFromBillingGroup"},
    {"ListThingsInBillingGroup", "GET", "/billing-groups/{billingGroupName}/things"},
};

constexpr MissingOperation kFleetIndexing[] = {
    {"GetBucketsAggregation", "POST", "/indices/buckets"},
    {"GetCardinality", "POST", "/indices/cardinality"},
    {"CreateFleetMetric", "PUT", "/fleet-metric/{metricName}"},
    {"DeleteFleetMetric", "DELETE", "/fleet-metric/{metricName}"},
    {"DescribeFleetMetric", "GET", "/fleet-metric/{metricName}"},
    {"UpdateFleetMetric", "PATCH", "/fleet-metric/{metricName}"},
    {"ListFleetMetrics", "GET", "/fleet-metrics"},
    {"GetPercentiles", "POST", "/indices/percentiles"},
    {"GetStatistics", "POST", "/indices/statistics"},
};

constexpr MissingOperation kJobs[] = {
    {"AssociateTargetsWithJob", "POST", "/jobs/{jobId}/targets"},
    {"CancelJob", "PUT", "/jobs/{jobId}/cancel"},
    {"CreateJob", "PUT", "/jobs/{jobId}"},
    {"DeleteJob", "DELETE", "/jobs/{jobId}"},
    {"DescribeJob", "GET", "/jobs/{jobId}"},
    {"UpdateJob", "PATCH", "/jobs/{jobId}"},
    {"GetJobDocument", "GET", "/jobs/{jobId}/job-document"},
    {"CancelJobExecution", "PUT", "/things/{thingName}/jobs/{jobId}/cancel"},
    {"DeleteJobExecution", "DELETE",
     "/things/{thingName}/jobs/{jobId}/executionNumber/{executionNumber}"},
    {"DescribeJobExecution", "GET", "/things/{thingName}/jobs/{jobId}"},
    {"ListJobExecutionsForJob", "GET", "/jobs/{jobId}/things"},
    {"ListJobExecutionsForThing", "GET", "/things/{thingName}/jobs"},
    {"CreateJobTemplate", "PUT", "/job-templates/{jobTemplateId}"},
    {"DeleteJobTemplate", "DELETE", "/job-templates/{jobTemplateId}"},
    {"DescribeJobTemplate", "GET", "/job-templates/{jobTemplateId}"},
    {"ListJobTemplates", "GET", "/job-templates"},
    {"ListJobs", "GET", "/jobs"},
    {"DescribeManagedJobTemplate", "GET", "/managed-job-templates/{templateName}"},
    {"ListManagedJobTemplates", "GET", "/managed-job-templates"},
};

constexpr MissingOperation kRoleAliasesAndAuthorizers[] = {
    {"CreateAuthorizer", "POST", "/authorizer/{authorizerName}"},
    {"DeleteAuthorizer", "DELETE", "/authorizer/{authorizerName}"},
    {"DescribeAuthorizer", "GET", "/authorizer/{authorizerName}"},
    {"UpdateAuthorizer", "PUT", "/authorizer/{authorizerName}"},
    {"ListAuthorizers", "GET", "/authorizers/"},
    {"ClearDefaultAuthorizer", "DELETE", "/default-authorizer"},
    {"DescribeDefaultAuthorizer", "GET", "/default-authorizer"},
    {"SetDefaultAuthorizer", "POST", "/default-authorizer"},
    {"CreateRoleAlias", "POST", "/role-aliases/{roleAlias}"},
    {"DeleteRoleAlias", "DELETE", "/role-aliases/{roleAlias}"},
    {"DescribeRoleAlias", "GET", "/role-aliases/{roleAlias}"},
    {"UpdateRoleAlias", "PUT", "/role-aliases/{roleAlias}"},
    {"ListRoleAliases", "GET", "/role-aliases"},
    {"TestInvokeAuthorizer", "POST", "/authorizer/{authorizerName}/test"},
};

constexpr MissingOperation kDomainConfigurations[] = {
    {"CreateDomainConfiguration", "POST", "/domainConfigurations/{domainConfigurationName}"},
    {"DeleteDomainConfiguration", "DELETE", "/domainConfigurations/{domainConfigurationName}"},
    {"DescribeDomainConfiguration", "GET", "/domainConfigurations/{domainConfigurationName}"},
    {"UpdateDomainConfiguration", "PUT", "/domainConfigurations/{domainConfigurationName}"},
    {"ListDomainConfigurations", "GET", "/domainConfigurations"},
};

constexpr MissingOperation kEventsAndLogging[] = {
    {"GetLoggingOptions", "GET", "/loggingOptions"},
    {"SetLoggingOptions", "POST", "/loggingOptions"},
    {"DeleteV2LoggingLevel", "DELETE", "/v2LoggingLevel"},
    {"SetV2LoggingLevel", "POST", "/v2LoggingLevel"},
    {"ListV2LoggingLevels", "GET", "/v2LoggingLevel"},
    {"GetV2LoggingOptions", "GET", "/v2LoggingOptions"},
    {"SetV2LoggingOptions", "POST", "/v2LoggingOptions"},
};

constexpr MissingOperation kAudit[] = {
    {"DeleteAccountAuditConfiguration", "DELETE", "/audit/configuration"},
    {"DescribeAccountAuditConfiguration", "GET", "/audit/configuration"},
    {"UpdateAccountAuditConfiguration", "PATCH", "/audit/configuration"},
    {"DescribeAuditFinding", "GET", "/audit/findings/{findingId}"},
    {"ListAuditFindings", "POST", "/audit/findings"},
    {"ListAuditMitigationActionsExecutions", "GET", "/audit/mitigationactions/executions"},
    {"CancelAuditMitigationActionsTask", "PUT", "/audit/mitigationactions/tasks/{taskId}/cancel"},
    {"DescribeAuditMitigationActionsTask", "GET", "/audit/mitigationactions/tasks/{taskId}"},
    {"StartAuditMitigationActionsTask", "POST", "/audit/mitigationactions/tasks/{taskId}"},
    {"ListAuditMitigationActionsTasks", "GET", "/audit/mitigationactions/tasks"},
    {"CreateAuditSuppression", "POST", "/audit/suppressions/create"},
    {"DeleteAuditSuppression", "POST", "/audit/suppressions/delete"},
    {"DescribeAuditSuppression", "POST", "/audit/suppressions/describe"},
    {"UpdateAuditSuppression", "PATCH", "/audit/suppressions/update"},
    {"ListAuditSuppressions", "POST", "/audit/suppressions/list"},
    {"CancelAuditTask", "PUT", "/audit/tasks/{taskId}/cancel"},
    {"DescribeAuditTask", "GET", "/audit/tasks/{taskId}"},
    {"ListAuditTasks", "GET", "/audit/tasks"},
    {"ListDetectMitigationActionsExecutions", "GET", "/detect/mitigationactions/executions"},
    {"CancelDetectMitigationActionsTask", "PUT", "/detect/mitigationactions/tasks/{taskId}/cancel"},
    {"DescribeDetectMitigationActionsTask", "GET", "/detect/mitigationactions/tasks/{taskId}"},
    {"StartDetectMitigationActionsTask", "PUT", "/detect/mitigationactions/tasks/{taskId}"},
    {"ListDetectMitigationActionsTasks", "GET", "/detect/mitigationactions/tasks"},
    {"CreateMitigationAction", "POST", "/mitigationactions/actions/{actionName}"},
    {"DeleteMitigationAction", "DELETE", "/mitigationactions/actions/{actionName}"},
    {"DescribeMitigationAction", "GET", "/mitigationactions/actions/{actionName}"},
    {"UpdateMitigationAction", "PATCH", "/mitigationactions/actions/{actionName}"},
    {"ListMitigationActions", "GET", "/mitigationactions/actions"},
    {"StartOnDemandAuditTask", "POST", "/audit/tasks"},
    {"ListRelatedResourcesForAuditFinding", "GET", "/audit/relatedResources"},
    {"CreateScheduledAudit", "POST", "/audit/scheduledaudits/{scheduledAuditName}"},
    {"DeleteScheduledAudit", "DELETE", "/audit/scheduledaudits/{scheduledAuditName}"},
    {"DescribeScheduledAudit", "GET", "/audit/scheduledaudits/{scheduledAuditName}"},
    {"UpdateScheduledAudit", "PATCH", "/audit/scheduledaudits/{scheduledAuditName}"},
    {"ListScheduledAudits", "GET", "/audit/scheduledaudits"},
};

constexpr MissingOperation kDetect[] = {
    {"ListActiveViolations", "GET", "/active-violations"},
    {"GetBehaviorModelTrainingSummaries", "GET", "/behavior-model-training/summaries"},
    {"CreateCustomMetric", "POST", "/custom-metric/{metricName}"},
    {"DeleteCustomMetric", "DELETE", "/custom-metric/{metricName}"},
    {"DescribeCustomMetric", "GET", "/custom-metric/{metricName}"},
    {"UpdateCustomMetric", "PATCH", "/custom-metric/{metricName}"},
    {"ListCustomMetrics", "GET", "/custom-metrics"},
    {"CreateDimension", "POST", "/dimensions/{name}"},
    {"DeleteDimension", "DELETE", "/dimensions/{name}"},
    {"DescribeDimension", "GET", "/dimensions/{name}"},
    {"UpdateDimension", "PATCH", "/dimensions/{name}"},
    {"ListDimensions", "GET", "/dimensions"},
    {"ListMetricValues", "GET", "/metric-values"},
    {"AttachSecurityProfile", "PUT", "/security-profiles/{securityProfileName}/targets"},
    {"CreateSecurityProfile", "POST", "/security-profiles/{securityProfileName}"},
    {"DeleteSecurityProfile", "DELETE", "/security-profiles/{securityProfileName}"},
    {"DescribeSecurityProfile", "GET", "/security-profiles/{securityProfileName}"},
    {"DetachSecurityProfile", "DELETE", "/security-profiles/{securityProfileName}/targets"},
    {"UpdateSecurityProfile", "PATCH", "/security-profiles/{securityProfileName}"},
    {"ListSecurityProfiles", "GET", "/security-profiles"},
    {"ListSecurityProfilesForTarget", "GET", "/security-profiles-for-target"},
    {"ListTargetsForSecurityProfile", "GET", "/security-profiles/{securityProfileName}/targets"},
    {"ValidateSecurityProfileBehaviors", "POST", "/security-profile-behaviors/validate"},
    {"PutVerificationStateOnViolation", "POST", "/violations/verification-state/{violationId}"},
    {"ListViolationEvents", "GET", "/violation-events"},
};

constexpr MissingOperation kRules[] = {
    {"ConfirmTopicRuleDestination", "GET", "/confirmdestination/{confirmationToken+}"},
    {"DisableTopicRule", "POST", "/rules/{ruleName}/disable"},
    {"EnableTopicRule", "POST", "/rules/{ruleName}/enable"},
    {"ReplaceTopicRule", "PATCH", "/rules/{ruleName}"},
    {"CreateTopicRule", "POST", "/rules/{ruleName}"},
    {"DeleteTopicRule", "DELETE", "/rules/{ruleName}"},
    {"GetTopicRule", "GET", "/rules/{ruleName}"},
    {"CreateTopicRuleDestination", "POST", "/destinations"},
    {"DeleteTopicRuleDestination", "DELETE", "/destinations/{arn+}"},
    {"GetTopicRuleDestination", "GET", "/destinations/{arn+}"},
    {"UpdateTopicRuleDestination", "PATCH", "/destinations"},
    {"ListTopicRuleDestinations", "GET", "/destinations"},
    {"ListTopicRules", "GET", "/rules"},
};

constexpr MissingOperation kStreamsAndOverTheAirUpdates[] = {
    {"CreateOTAUpdate", "POST", "/otaUpdates/{otaUpdateId}"},
    {"DeleteOTAUpdate", "DELETE", "/otaUpdates/{otaUpdateId}"},
    {"GetOTAUpdate", "GET", "/otaUpdates/{otaUpdateId}"},
    {"ListOTAUpdates", "GET", "/otaUpdates"},
    {"CreateStream", "POST", "/streams/{streamId}"},
    {"DeleteStream", "DELETE", "/streams/{streamId}"},
    {"DescribeStream", "GET", "/streams/{streamId}"},
    {"UpdateStream", "PUT", "/streams/{streamId}"},
    {"ListStreams", "GET", "/streams"},
};

constexpr MissingOperation kSoftwarePackages[] = {
    {"AssociateSbomWithPackageVersion", "PUT",
     "/packages/{packageName}/versions/{versionName}/sbom"},
    {"DisassociateSbomFromPackageVersion", "DELETE",
     "/packages/{packageName}/versions/{versionName}/sbom"},
    {"CreatePackage", "PUT", "/packages/{packageName}"},
    {"DeletePackage", "DELETE", "/packages/{packageName}"},
    {"GetPackage", "GET", "/packages/{packageName}"},
    {"UpdatePackage", "PATCH", "/packages/{packageName}"},
    {"GetPackageConfiguration", "GET", "/package-configuration"},
    {"UpdatePackageConfiguration", "PATCH", "/package-configuration"},
    {"CreatePackageVersion", "PUT", "/packages/{packageName}/versions/{versionName}"},
    {"DeletePackageVersion", "DELETE", "/packages/{packageName}/versions/{versionName}"},
    {"GetPackageVersion", "GET", "/packages/{packageName}/versions/{versionName}"},
    {"UpdatePackageVersion", "PATCH", "/packages/{packageName}/versions/{versionName}"},
    {"ListPackageVersions", "GET", "/packages/{packageName}/versions"},
    {"ListPackages", "GET", "/packages"},
    {"ListSbomValidationResults", "GET",
     "/packages/{packageName}/versions/{versionName}/sbom-validation-results"},
};

constexpr MissingOperation kCommands[] = {
    {"CreateCommand", "PUT", "/commands/{commandId}"},
    {"DeleteCommand", "DELETE", "/commands/{commandId}"},
    {"GetCommand", "GET", "/commands/{commandId}"},
    {"UpdateCommand", "PATCH", "/commands/{commandId}"},
    {"DeleteCommandExecution", "DELETE", "/command-executions/{executionId}"},
    {"GetCommandExecution", "GET", "/command-executions/{executionId}"},
    {"ListCommandExecutions", "POST", "/command-executions"},
    {"ListCommands", "GET", "/commands"},
};

constexpr MissingOperation kEncryption[] = {
    {"DescribeEncryptionConfiguration", "GET", "/encryption-configuration"},
    {"UpdateEncryptionConfiguration", "PATCH", "/encryption-configuration"},
};

constexpr MissingArea kAreas[] = {
    {"transfer of certificates", kTransferOfCertificates},
    {"certificate providers", kCertificateProviders},
    {"things", kThings},
    {"billing groups", kBillingGroups},
    {"fleet indexing", kFleetIndexing},
    {"jobs", kJobs},
    {"role aliases and authorizers", kRoleAliasesAndAuthorizers},
    {"domain configurations", kDomainConfigurations},
    {"events and logging", kEventsAndLogging},
    {"audit", kAudit},
    {"detect", kDetect},
    {"rules", kRules},
    {"streams and over-the-air updates", kStreamsAndOverTheAirUpdates},
    {"software packages", kSoftwarePackages},
    {"commands", kCommands},
    {"encryption", kEncryption},
};

}  // namespace

std::span<const MissingArea> missing_operations() { return kAreas; }

}  // namespace imprint::control_api
