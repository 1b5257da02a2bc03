// SPDX-License-Identifier: Apache-2.0
// The dashboard's view of what each role may do (src/access/roles.cc), so that no page offers an action that would be refused.
// The server still decides.
import type { Session } from "../api/shapes";

/** Every role may see devices, claims, templates, hooks, refusals and alarms. */
export type Right =
  /** May make changes. */
  | "change"
  /** May receive live events. */
  | "watch"
  | "audit"
  | "authorities"
  | "rotation"
  /** May check and try templates, and see the settings in effect. */
  | "trials"
  /** May list all units of a list; every role may look up a single one. */
  | "units";

const kLook: Right[] = ["watch", "audit", "authorities", "rotation", "trials", "units"];

const kRights: Record<string, Right[]> = {
  admin: ["change", ...kLook],
  "read-only": kLook,
  factory: [],
};

/** A key with its own policy may try everything; the server refuses what the policy forbids. */
export function may(session: Pick<Session, "role">, right: Right): boolean {
  return kRights[session.role]?.includes(right) ?? true;
}
