// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { indexQuery, isSearchBy, kSearches, searchesAuditTrail } from "./search";

describe("index queries", () => {
  it.each([
    ["thing", "", "thingName:*"],
    ["serial", " A-17 ", "thingName:*A-17*"],
    ["thing", "device-1", "thingName:device-1*"],
    ["type", "Smart", "thingTypeName:Smart*"],
    ["group", "hall 3", "thingGroupNames:hall?3*"],
    ["thing", 'x" OR thingName:*', "thingName:x??OR?thingName??*"],
    ["thing", "a*b?(c)", "thingName:a?b??c?*"],
    ["query", "attributes.x:1 AND thingName:a*", "attributes.x:1 AND thingName:a*"],
    ["query", "  ", undefined],
    ["certificate", "ab", undefined],
  ] as const)("by %s for %j", (by, typed, query) => expect(indexQuery(by, typed)).toBe(query));

  it("distinguish searches of the registry and of the audit trail", () => {
    for (const [by] of kSearches) expect(isSearchBy(by)).toBe(true);
    expect(isSearchBy("everything")).toBe(false);
    expect(isSearchBy(null)).toBe(false);
    expect(kSearches.filter(([by]) => searchesAuditTrail(by)).map(([by]) => by)).toEqual(["certificate", "client"]);
  });
});
