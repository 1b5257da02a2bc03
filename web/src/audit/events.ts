// SPDX-License-Identifier: Apache-2.0
// What can be told from an audit event alone.
import type { AuditEvent } from "../api/shapes";

const kOnboarding = new Set([
  "tls_handshake",
  "connect",
  "create_keys_and_certificate",
  "create_certificate_from_csr",
  "reopen_certificate",
  "register_thing",
  "just_in_time_provisioning",
  "just_in_time_registration",
]);
const kRefusals = new Set(["rejected", "denied", "failed"]);

/** Whether a device was turned away on its way in. */
export function isRefusal(event: AuditEvent): boolean {
  return kOnboarding.has(event.step) && kRefusals.has(event.outcome);
}

/** The same for one event, whether a list or the live feed tells of it. */
export function identityOf(event: AuditEvent): string {
  const { time, step, outcome, correlationId, actor, clientId, thingName, certificateId } = event;
  return [time, step, outcome, correlationId, actor, clientId, thingName, certificateId].join("\n");
}

/** The newest of them, each once, newest first. Of one that is told twice the later one in the list counts. */
export function newest(events: AuditEvent[], most: number): AuditEvent[] {
  const each = new Map(events.map((event) => [identityOf(event), event]));
  const last = Number.MAX_SAFE_INTEGER;
  return [...each.values()].sort((a, b) => b.time - a.time || (b.sequence ?? last) - (a.sequence ?? last)).slice(0, most);
}

/** What a device calls itself, as far as it came to say it. */
export function whoOf(event: AuditEvent): string {
  if (event.serialNumber) return event.serialNumber;
  if (event.thingName) return event.thingName;
  if (event.clientId) return event.clientId;
  if (event.certificateId) return `certificate ${event.certificateId.slice(0, 12)}…`;
  return "unknown";
}

/** The claim that a device came with: the certificate of a step that says so, or who acted for a certificate to be. */
export function claimOf(events: AuditEvent[]): string | undefined {
  for (const event of [...events].reverse()) {
    if (event.detail?.["claim"] === true && event.certificateId !== undefined) return event.certificateId;
    const isActor = event.actor !== undefined && /^[0-9a-f]{64}$/.test(event.actor);
    if (isActor && event.actor !== event.certificateId) return event.actor;
  }
  return undefined;
}

/** Whether an event belongs to the story that these others tell. */
export function isAbout(event: AuditEvent, story: AuditEvent[]): boolean {
  const shares = (member: "thingName" | "serialNumber" | "clientId" | "correlationId"): boolean => {
    const value = event[member];
    return value !== undefined && story.some((known) => known[member] === value);
  };
  return shares("thingName") || shares("serialNumber") || shares("clientId") || shares("correlationId");
}

/** A step's name in plain words: register_thing is "register thing". */
export function stepInWords(step: string): string {
  return step.replace(/_/g, " ");
}
