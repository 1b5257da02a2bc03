// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { ClaimBudget } from "../api/shapes";
import { budgetOf, problemOf, typedOf } from "./budget";

const kWhole: ClaimBudget = {
  templateNames: ["T"],
  maxDevices: 5,
  rate: { devices: 10, seconds: 60 },
  serials: { first: "A1", last: "A9" },
  networks: ["10.0.0.0/8", "192.168.1.0/24"],
  until: "2026-12-01T00:00:00Z",
};

describe("a typed budget", () => {
  it("is unchanged if nothing is typed", () => {
    expect(budgetOf(kWhole, typedOf(kWhole))).toEqual(kWhole);
    expect(budgetOf({}, typedOf({}))).toEqual({});
  });
  it("loses emptied rules and keeps those that are not in the form", () => {
    const empty = { maxDevices: "", rateDevices: "", rateSeconds: "", first: "", last: "", networks: " , " };
    expect(problemOf(empty)).toBe("");
    expect(budgetOf(kWhole, empty)).toEqual({ templateNames: ["T"], until: "2026-12-01T00:00:00Z" });
  });
  it.each([
    ["rateDevices", "rate"],
    ["rateSeconds", "rate"],
    ["first", "serial numbers"],
    ["last", "serial numbers"],
  ] as const)("reports an incomplete rule without %s", (name, about) => {
    expect(problemOf({ ...typedOf(kWhole), [name]: "" })).toContain(about);
    expect(problemOf({ ...typedOf({}), [name]: "7" })).toContain(about);
  });
  it("is complete with both values or neither", () => {
    expect(problemOf(typedOf(kWhole))).toBe("");
    expect(problemOf(typedOf({}))).toBe("");
  });
});
