// SPDX-License-Identifier: Apache-2.0
// Facts that follow from an audit event alone.
import type { AuditEvent } from "../api/shapes";
import { toneOfOutcome } from "../parts/badge";

/** Steps other than the device's own; they do not determine the device's state. */
const kBeside = new Set(["disconnect", "journal", "alarm"]);

/** Steps that determine a device's state, newest first, followed by all others. */
export function decisiveFirst(story: AuditEvent[]): AuditEvent[] {
  const ordered = [...story].reverse();
  const isBeside = (event: AuditEvent): boolean => kBeside.has(event.step);
  return [...ordered.filter((event) => !isBeside(event)), ...ordered.filter(isBeside)];
}

/** Whether an event of the live feed may be a refusal; only the server knows for certain. */
export function isRefused(event: AuditEvent): boolean {
  return toneOfOutcome(event.outcome) === "bad";
}

/** The name of a refusal's reason. */
export function categoryOf(event: AuditEvent): string {
  const category = event.detail?.["category"];
  return typeof category === "string" ? category : "";
}

export interface Reason {
  category: string;
  count: number;
  newest: AuditEvent;
}

/** Groups refusals, given newest first, by reason; the most recent reason comes first. */
export function reasonsOf(refusals: AuditEvent[]): Reason[] {
  const out = new Map<string, Reason>();
  for (const event of refusals) {
    const category = categoryOf(event);
    const known = out.get(category);
    if (known === undefined) out.set(category, { category, count: 1, newest: event });
    else known.count += 1;
  }
  return [...out.values()];
}

/** Until when a thing may register with another key, according to its story; such a registration uses the permission up. */
export function permissionOf(thing: string, story: AuditEvent[], now: number): number | undefined {
  let until: number | undefined;
  for (const { step, outcome, thingName, detail } of story) {
    if (thingName !== thing || outcome !== "ok") continue;
    if (step === "allow_reprovisioning" && typeof detail?.["until"] === "number") until = detail["until"];
    const isUsed = step === "register_thing" && detail?.["repeated"] !== true;
    if (step === "withdraw_reprovisioning" || isUsed) until = undefined;
  }
  return until !== undefined && until > now ? until : undefined;
}

/** The best available name of a device. */
export function whoOf(event: AuditEvent): string {
  if (event.serialNumber) return event.serialNumber;
  if (event.thingName) return event.thingName;
  if (event.clientId) return event.clientId;
  if (event.certificateId) return `certificate ${event.certificateId.slice(0, 12)}…`;
  return "unknown";
}

/** The claim that a device used: from the certificate of a claim's step, or the actor who requested the certificate. */
export function claimOf(events: AuditEvent[]): string | undefined {
  for (const event of [...events].reverse()) {
    if (event.detail?.["claim"] === true && event.certificateId !== undefined) return event.certificateId;
    const isActor = event.actor !== undefined && /^[0-9a-f]{64}$/.test(event.actor);
    if (isActor && event.actor !== event.certificateId) return event.actor;
  }
  return undefined;
}

/** Whether an event belongs to the same story as these. */
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
