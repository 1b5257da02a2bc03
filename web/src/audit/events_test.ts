// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { AuditEvent } from "../api/shapes";
import { categoryOf, claimOf, decisiveFirst, isAbout, permissionOf, reasonsOf, whoOf } from "./events";
import { filterOf, queryOf } from "./filter";

const kClaim = "c".repeat(64);
const kOwn = "d".repeat(64);

function event(more: Partial<AuditEvent>): AuditEvent {
  return { sequence: 1, time: 1, step: "register_thing", outcome: "ok", sentence: "", ...more };
}

describe("refusals", () => {
  const refusal = (sequence: number, category: string): AuditEvent => event({ sequence, outcome: "rejected", detail: { category } });
  it("are grouped by reason, most recent first", () => {
    const newestFirst = [refusal(9, "hook-denied"), refusal(8, "not-admitted"), refusal(7, "hook-denied"), refusal(6, "hook-denied")];
    expect(reasonsOf(newestFirst)).toEqual([
      { category: "hook-denied", count: 3, newest: newestFirst[0] },
      { category: "not-admitted", count: 1, newest: newestFirst[1] },
    ]);
    expect(reasonsOf([])).toEqual([]);
  });
  it.each([
    [{ category: "throttled" }, "throttled"],
    [{ category: 7 }, ""],
    [{}, ""],
  ])("name it: %j", (detail, category) => expect(categoryOf(event({ detail }))).toBe(category));
});

describe("the permission to register with another key", () => {
  const allow = (until: number): AuditEvent => event({ step: "allow_reprovisioning", thingName: "T", detail: { until } });
  const register = (more: Partial<AuditEvent>): AuditEvent => event({ thingName: "T", ...more });
  it.each<[string, AuditEvent[], number | undefined]>([
    ["given", [allow(200)], 200],
    ["given longer", [allow(200), allow(300)], 300],
    ["at its end", [allow(100)], undefined],
    ["never given", [register({})], undefined],
    ["taken back", [allow(200), event({ step: "withdraw_reprovisioning", thingName: "T" })], undefined],
    ["used up", [allow(200), register({})], undefined],
    ["given after a registration", [register({}), allow(200)], 200],
    ["not used up by a repeated answer", [allow(200), register({ detail: { repeated: true } })], 200],
    ["not used up by a refused registration", [allow(200), register({ outcome: "rejected" })], 200],
    ["not affected by another thing", [allow(200), event({ thingName: "other" })], 200],
    ["of another thing", [{ ...allow(200), thingName: "other" }], undefined],
  ])("is %s", (_what, story, until) => expect(permissionOf("T", story, 100)).toBe(until));
});

describe("events", () => {
  it("put the steps of a device before all others", () => {
    const [refused, ended, alarm] = [event({ step: "register_thing", outcome: "rejected" }), event({ step: "disconnect" }), event({ step: "alarm", outcome: "raised" })];
    const earlier = event({ step: "connect" });
    expect(decisiveFirst([earlier, refused, alarm, ended])).toEqual([refused, earlier, ended, alarm]);
    expect(decisiveFirst([ended])).toEqual([ended]);
  });
  it.each([
    [{ serialNumber: "S", thingName: "T", clientId: "C" }, "S"],
    [{ thingName: "T", clientId: "C" }, "T"],
    [{ clientId: "C", certificateId: kOwn }, "C"],
    [{ certificateId: kOwn }, "certificate dddddddddddd…"],
    [{}, "unknown"],
  ])("name their device: %j", (members, who) => expect(whoOf(event(members))).toBe(who));
  it("belong to a story by shared names, but not by the claim", () => {
    const story = [event({ thingName: "T", certificateId: kClaim })];
    expect(isAbout(event({ thingName: "T" }), story)).toBe(true);
    expect(isAbout(event({ thingName: "other", certificateId: kClaim }), story)).toBe(false);
    expect(isAbout(event({}), [event({})])).toBe(false);
  });
  it.each([
    [[event({ step: "connect", certificateId: kClaim, detail: { claim: true } })], kClaim],
    [[event({ actor: kClaim, certificateId: kOwn })], kClaim],
    [[event({ actor: kOwn, certificateId: kOwn })], undefined],
    [[event({ actor: "AKIA", step: "update_certificate", certificateId: kOwn })], undefined],
    [[], undefined],
  ])("name the claim: %#", (story, claim) => expect(claimOf(story)).toBe(claim));
});

describe("the filter", () => {
  it("requests the typed values, with times in seconds", () => {
    const query = new URLSearchParams({ thingName: " T ", step: "", from: "2026-03-01T06:00", until: "never", correlationId: "C", certificateId: "abc", other: "x" });
    expect(filterOf(query)).toEqual({ thingName: "T", from: Date.parse("2026-03-01T06:00") / 1000, correlationId: "C" });
  });
  it("keeps known filters in the address", () => {
    expect(queryOf(new URLSearchParams({ thingName: " T ", other: "x" }))).toMatchObject({ thingName: " T ", correlationId: "" });
    expect(queryOf(new URLSearchParams({ other: "x" }))).not.toHaveProperty("other");
  });
});
