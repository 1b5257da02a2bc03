// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from "vitest";
import type { Page } from "../api/shapes";
import { firstFound, indexQuery, isOfTrail, isSearchBy, kSearches } from "./search";

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
  ] as const)("by %s of %j", (by, typed, query) => expect(indexQuery(by, typed)).toBe(query));

  it("know what they are by", () => {
    for (const [by] of kSearches) expect(isSearchBy(by)).toBe(true);
    expect(isSearchBy("everything")).toBe(false);
    expect(isSearchBy(null)).toBe(false);
    expect(kSearches.filter(([by]) => isOfTrail(by)).map(([by]) => by)).toEqual(["certificate", "client"]);
  });
});

describe("the first page with a thing on it", () => {
  const pages: Page<number>[] = [{ items: [], next: "1" }, { items: [], next: "2" }, { items: [7], next: "3" }];
  const read = (token: string | undefined): Promise<Page<number>> => Promise.resolve(pages[Number(token ?? 0)] as Page<number>);
  it("is looked for", async () => expect(await firstFound(read, undefined)).toEqual({ items: [7], next: "3" }));
  it("is not looked for without end", async () => {
    const empty = vi.fn(() => Promise.resolve({ items: [], next: "again" }));
    expect(await firstFound(empty, undefined)).toEqual({ items: [], next: "again" });
    expect(empty).toHaveBeenCalledTimes(11);
  });
});
