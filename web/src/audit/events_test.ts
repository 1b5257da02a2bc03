// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { AuditEvent } from "../api/shapes";
import { claimOf, isAbout, isRefusal, newest, whoOf } from "./events";
import { filterOf, queryOf } from "./filter";

const kClaim = "c".repeat(64);
const kOwn = "d".repeat(64);

function event(more: Partial<AuditEvent>): AuditEvent {
  return { sequence: 1, time: 1, step: "register_thing", outcome: "ok", sentence: "", ...more };
}

describe("a refusal", () => {
  it.each([
    ["register_thing", "rejected", true],
    ["connect", "denied", true],
    ["tls_handshake", "failed", true],
    ["register_thing", "ok", false],
    ["alarm", "raised", false],
    ["publish", "denied", false],
    ["disconnect", "failed", false],
    ["freeze_claim", "denied", false],
  ])("%s %s: %s", (step, outcome, expected) => expect(isRefusal(event({ step, outcome }))).toBe(expected));
});

describe("events", () => {
  it("stand newest first, each once", () => {
    const [a, b, c] = [event({ sequence: 1, time: 5 }), event({ sequence: 2, time: 9, clientId: "b" }), event({ sequence: 3, time: 9, clientId: "c" })];
    expect(newest([a, b, c, b], 2)).toEqual([c, b]);
  });
  it("are one, told live without a place and listed with one", () => {
    const told = event({ time: 9, clientId: "b" });
    delete told.sequence;
    const listed = event({ time: 9, clientId: "b", sequence: 7 });
    expect(newest([told, listed], 5)).toEqual([listed]);
    const other = event({ time: 9, clientId: "c", sequence: 6 });
    expect(newest([told, other], 5)).toEqual([told, other]);
  });
  it.each([
    [{ serialNumber: "S", thingName: "T", clientId: "C" }, "S"],
    [{ thingName: "T", clientId: "C" }, "T"],
    [{ clientId: "C", certificateId: kOwn }, "C"],
    [{ certificateId: kOwn }, "certificate dddddddddddd…"],
    [{}, "unknown"],
  ])("say whose they are: %j", (members, who) => expect(whoOf(event(members))).toBe(who));
  it("belong to a story by what they share with it, and not by the claim", () => {
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
  it("asks for what is typed, times as seconds", () => {
    const query = new URLSearchParams({ thingName: " T ", step: "", from: "2026-03-01T06:00", until: "never", category: "hook-denied", certificateId: "abc", other: "x" });
    expect(filterOf(query)).toEqual({ thingName: "T", from: Date.parse("2026-03-01T06:00") / 1000, category: "hook-denied", outcome: "rejected" });
  });
  it("keeps in the address what it knows", () => {
    expect(queryOf(new URLSearchParams({ thingName: " T ", other: "x" }))).toMatchObject({ thingName: " T ", correlationId: "" });
    expect(queryOf(new URLSearchParams({ other: "x" }))).not.toHaveProperty("other");
  });
});
