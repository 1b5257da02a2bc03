// SPDX-License-Identifier: Apache-2.0
// The server's answers, as far as the dashboard reads them. Times are seconds since 1970.

export interface Session {
  accessKeyId: string;
  name: string;
  /** Empty for a key with its own policy. */
  role: string;
  csrfToken: string;
  expires: number;
  account: string;
  region: string;
  version: string;
}

/** One page of a list, with the token of the next one. */
export interface Page<T> {
  items: T[];
  next?: string;
}

// ---- pipeline ----

export type Span = "hour" | "day" | "month";

export interface PipelineNow {
  time: number;
  onboarded: number;
  failed: number;
  perSecond: number;
  connections: number;
  certificates: Record<string, number>;
  ratio: number | null;
  ratioLimit: number;
}

export interface PipelineSeries {
  start: number;
  stepSeconds: number;
  onboarded: number[];
  failed: Record<string, number[]>;
  hookRejections: Record<string, number[]>;
}

export interface FailureCategory {
  category: string;
  title: string;
  remedy: string;
  count: number;
}

export interface Latency {
  count: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface Pipeline {
  now: PipelineNow;
  series: PipelineSeries;
  latency: Latency;
  categories: FailureCategory[];
}

export interface Alarm {
  id: string;
  alarm: string;
  subject: string;
  subjectKind: string;
  state: "raised" | "resolved";
  severity: "critical" | "warning";
  since: number;
  resolvedAt?: number;
  because: string;
  next: string;
  /** An example of the devices that it is about. */
  device?: { serialNumber?: string; clientId?: string };
}

export interface Hook {
  arn: string;
  transport: string;
  address: string;
  timeoutSeconds: number;
  concurrency: number;
  shadow: boolean;
  templates: string[];
  asked: number;
  /** Calls that gave a verdict, whether allowed or denied. */
  answered: number;
  failed: number;
  timedOut: number;
  seconds: { p50: number; p95: number; p99: number } | null;
  /** `open`: it failed too often and is not called for a while. */
  breaker: "closed" | "open" | "half-open";
  inFlight: number;
  waiting: number;
  lastProblem?: { time: number; because: string };
}

// ---- audit ----

export type Json = string | number | boolean | null | Json[] | { [member: string]: Json };

export interface AuditEvent {
  /** Its place in the trail; events of the live feed may have none yet. */
  sequence?: number;
  time: number;
  step: string;
  outcome: string;
  sentence: string;
  correlationId?: string;
  actor?: string;
  thingName?: string;
  certificateId?: string;
  clientId?: string;
  serialNumber?: string;
  detail?: { [member: string]: Json };
}

export interface Story {
  events: AuditEvent[];
  last: number;
  /** Derived from the device's last step, its certificate and its alarms. */
  standing: "good" | "waiting" | "bad" | "unknown";
  /** What to do; for a healthy device, its state. */
  next: string;
}

export interface Trail {
  events: number;
  first: number;
  last: number;
  head: string;
  archive: { file: string; first: number; last: number; bytes: number }[];
}

export interface TrailCheck {
  intact: boolean;
  checked: number;
  first: number;
  last: number;
  head: string;
  problem?: string;
}

// ---- devices ----

export interface FoundThing {
  thingName: string;
  thingId?: string;
  thingTypeName?: string;
  thingGroupNames: string[];
  attributes: Record<string, string>;
}

export interface Thing {
  thingName: string;
  thingId: string;
  thingTypeName?: string;
  attributes: Record<string, string>;
  version: number;
}

export interface Certificate {
  certificateId: string;
  certificateArn: string;
  status: string;
  creationDate: number;
  lastModifiedDate: number;
  validity?: { notBefore: number; notAfter: number };
}

export interface Connection {
  connected: boolean;
  clientId?: string;
  since?: number;
  address?: string;
  certificateId?: string;
}

export interface PolicyText {
  policyName: string;
  policyDocument: string;
}

// ---- templates ----

export interface TemplateSummary {
  templateName: string;
  templateArn: string;
  description: string;
  creationDate: number;
  lastModifiedDate: number;
  enabled: boolean;
  type: string;
}

export interface Template extends TemplateSummary {
  defaultVersionId: number;
  templateBody: string;
  provisioningRoleArn: string;
  preProvisioningHook?: { targetArn: string; payloadVersion: string };
}

export interface TemplateVersion {
  versionId: number;
  creationDate: number;
  isDefaultVersion: boolean;
}

export interface LintProblem {
  severity: "error" | "warning";
  path: string;
  message: string;
  remedy: string;
}

export interface SettingInForce {
  key: string;
  value: string;
  from: "template" | "deployment";
}

export interface TrialChange {
  action: string;
  kind: string;
  before?: Json;
  [member: string]: Json | undefined;
}

export interface Trial {
  allowed: boolean;
  errorCode?: string;
  errorMessage?: string;
  path?: string;
  rule?: string;
  thingName?: string;
  deviceConfiguration?: { [member: string]: Json };
  changes?: TrialChange[];
  policies?: { policyName: string; policyDocument?: string }[];
  gatekeeper?: Json;
  hook?: { targetArn: string; outcome: string; seconds: number; shadow: boolean; because?: string };
}

// ---- claims and batches ----

export interface ClaimBudget {
  templateNames?: string[];
  maxDevices?: number;
  rate?: { devices: number; seconds: number };
  from?: string;
  until?: string;
  networks?: string[];
  serials?: { first: string; last: string };
  learningDevices?: number;
}

export interface Claim {
  certificateId: string;
  certificateArn: string;
  status: string;
  /** Whether it can be used now, and if not, why. */
  state: "in-service" | "frozen" | "inactive" | "revoked" | "expired" | "not-begun" | "ended" | "used-up";
  devices: number;
  budget: ClaimBudget;
  creationDate: number;
  expiration: number;
  version: number;
  learnedNetworks?: string[];
  lastUse?: number;
  frozen?: { at: number; because: string; by?: string };
}

export interface ManufacturingList {
  listName: string;
  description: string;
  creationDate: number;
  lastModifiedDate: number;
  entries?: number;
}

export type ListEntry = Record<string, Json>;

// ---- authorities and rotation ----

export interface Authority {
  id: string;
  role: "root" | "issuing" | "registered";
  subject: string;
  commonName: string;
  issuerId?: string;
  notBefore: number;
  notAfter: number;
  status: string;
  autoRegistration: boolean;
  templateName?: string;
  /** The number of registered device certificates under it; counted only for registered authorities. */
  certificates?: number;
  certificatesAreMore?: boolean;
}

export interface ExpiringCertificate {
  certificateId: string;
  notAfter: number;
  thingName?: string;
  status: string;
}

export interface ExpiryCount {
  days: number;
  certificates: number;
  /** True if there are more than the server counts. */
  atLeast?: boolean;
}

export interface ExpiryPage extends Page<ExpiringCertificate> {
  /** Only with the first page. */
  counts?: ExpiryCount[];
}
