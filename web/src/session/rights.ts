// SPDX-License-Identifier: Apache-2.0
// What a role may, of what the dashboard would ask for: src/access/roles.cc as pages need to know it, so that nobody is
// shown a way to a refusal. The server decides all the same.
import type { Session } from "../api/shapes";

/** To look at devices, claims, templates, hooks, refusals and alarms is every role's. */
export type Right =
  /** To change anything. */
  | "change"
  /** To be told live what happens. */
  | "watch"
  | "audit"
  | "authorities"
  | "rotation"
  /** To have templates checked and tried, and to see the settings in force. */
  | "trials"
  /** To go through the units of a list; to look for one is every role's. */
  | "units";

const kLook: Right[] = ["watch", "audit", "authorities", "rotation", "trials", "units"];

const kRights: Record<string, Right[]> = {
  admin: ["change", ...kLook],
  "read-only": kLook,
  factory: [],
};

/** A key with a policy of its own tries, and is told where it ends. */
export function may(session: Pick<Session, "role">, right: Right): boolean {
  return kRights[session.role]?.includes(right) ?? true;
}
