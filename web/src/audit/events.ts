// SPDX-License-Identifier: Apache-2.0
// What can be told from an audit event alone.
import type { AuditEvent } from "../api/shapes";
import { toneOfOutcome } from "../parts/badge";

/** What happens beside a device's own steps: none of it says how the device stands. */
const kBeside = new Set(["disconnect", "journal", "alarm"]);

/** Those that say how a device stands, newest first; what happened beside them comes after. */
export function decisiveFirst(story: AuditEvent[]): AuditEvent[] {
  const ordered = [...story].reverse();
  const isBeside = (event: AuditEvent): boolean => kBeside.has(event.step);
  return [...ordered.filter((event) => !isBeside(event)), ...ordered.filter(isBeside)];
}

/** Whether a step of the live feed may be a refusal; the server says which of them are. */
export function isRefused(event: AuditEvent): boolean {
  return toneOfOutcome(event.outcome) === "bad";
}

/** Of a refusal, the name of its reason. */
export function categoryOf(event: AuditEvent): string {
  const category = event.detail?.["category"];
  return typeof category === "string" ? category : "";
}

export interface Reason {
  category: string;
  count: number;
  newest: AuditEvent;
}

/** Refusals, newest first, by their reasons: those that happened last come first. */
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

/** Until when a thing may register with another key, as far as its story tells; whoever does so uses the permission up. */
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
