// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { diffOf, laidOut, parametersOf } from "./body";

describe("parameters", () => {
  it("are those that a device sends", () => {
    const body = JSON.stringify({ Parameters: { SerialNumber: { Type: "String" }, Place: { Type: "String", Default: "hall" }, "AWS::IoT::Certificate::Id": { Type: "String" } } });
    expect(parametersOf(body)).toEqual([{ name: "SerialNumber" }, { name: "Place", fallback: "hall" }]);
  });
  it.each(["", "{", "null", "[]", "7", '{"Parameters": null}', '{"Parameters": "x"}'])("are none in %j", (body) => expect(parametersOf(body)).toEqual([]));
  it("ignore a default that is not text", () => expect(parametersOf('{"Parameters": {"A": null, "B": {"Default": 7}}}')).toEqual([{ name: "A" }, { name: "B" }]));
});

describe("layout", () => {
  it("is two spaces deep", () => expect(laidOut('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}'));
  it("leaves text that is not JSON unchanged", () => expect(laidOut("{ broken")).toBe("{ broken"));
});

describe("diff", () => {
  it("is empty for equal texts", () => expect(diffOf("a\nb", "a\nb")).toEqual([]));
  it("lists added and removed lines", () => {
    expect(diffOf("a\nb\nc\n", "a\nx\nc\n")).toEqual([
      { is: "same", text: "a" },
      { is: "removed", text: "b" },
      { is: "added", text: "x" },
      { is: "same", text: "c" },
    ]);
  });
  it("skips lines far from any change and counts them", () => {
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i}`);
    const changed = lines.map((line, i) => (i === 10 ? "other" : line));
    const diff = diffOf(lines.join("\n"), changed.join("\n"));
    expect(diff[0]).toEqual({ is: "skipped", text: "7 unchanged lines" });
    expect(diff.at(-1)).toEqual({ is: "skipped", text: "6 unchanged lines" });
    expect(diff.filter((line) => line.is === "added")).toEqual([{ is: "added", text: "other" }]);
  });
});
