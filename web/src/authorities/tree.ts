// SPDX-License-Identifier: Apache-2.0
import type { Authority } from "../api/shapes";

export interface Branch {
  authority: Authority;
  level: number;
}

/** The authorities in tree order: each below its issuer; those whose issuer is not listed come at the top level. */
export function branchesOf(all: Authority[]): Branch[] {
  const known = new Set(all.map((authority) => authority.id));
  const isRoot = (authority: Authority): boolean =>
    authority.issuerId === undefined || authority.issuerId === authority.id || !known.has(authority.issuerId);
  const out: Branch[] = [];
  const seen = new Set<string>();
  const add = (authority: Authority, level: number): void => {
    if (seen.has(authority.id)) return;
    seen.add(authority.id);
    out.push({ authority, level });
    for (const child of all) if (child.issuerId === authority.id) add(child, level + 1);
  };
  for (const authority of all) if (isRoot(authority)) add(authority, 0);
  for (const authority of all) add(authority, 0); // whatever is left issues itself in a cycle
  return out;
}
