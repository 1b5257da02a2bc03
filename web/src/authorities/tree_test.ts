// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Authority } from "../api/shapes";
import { branchesOf } from "./tree";

function authority(id: string, issuerId?: string): Authority {
  const rest = { role: "registered" as const, subject: "", commonName: id, notBefore: 0, notAfter: 0, status: "ACTIVE", autoRegistration: false, certificates: 0 };
  return { id, ...(issuerId === undefined ? {} : { issuerId }), ...rest };
}

function shown(all: Authority[]): string[] {
  return branchesOf(all).map(({ authority: one, level }) => `${"-".repeat(level)}${one.id}`);
}

describe("the tree", () => {
  it.each([
    ["each below its issuer", [authority("leaf", "middle"), authority("middle", "root"), authority("root")], ["root", "-middle", "--leaf"]],
    ["one whose issuer is elsewhere at the top", [authority("own", "unknown"), authority("root")], ["own", "root"]],
    ["one that issued itself at the top", [authority("self", "self"), authority("child", "self")], ["self", "-child"]],
    ["those of a cycle once", [authority("a", "b"), authority("b", "a")], ["a", "-b"]],
    ["none", [], []],
  ])("shows %s", (_name, all, expected) => expect(shown(all)).toEqual(expected));
});
