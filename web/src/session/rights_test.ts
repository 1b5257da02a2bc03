// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { may } from "./rights";

describe("a role", () => {
  it.each([
    ["admin", "change", true],
    ["admin", "audit", true],
    ["read-only", "change", false],
    ["read-only", "watch", true],
    ["read-only", "trials", true],
    ["factory", "change", false],
    ["factory", "watch", false],
    ["factory", "audit", false],
    ["factory", "units", false],
    ["", "change", true],
    ["", "rotation", true],
  ] as const)("%j may %s: %s", (role, right, expected) => expect(may({ role }, right)).toBe(expected));
});
