// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { clipped, segments } from "./foreign_text";

describe("segments", () => {
  const plain = ["", "device-1", "<script>alert(1)</script>", "größer 温度 مرحبا", "'; DROP TABLE things;--", "a b"];
  it.each(plain)("leaves %j unchanged", (text) => {
    expect(segments(text).map((segment) => segment.text).join("")).toBe(text);
    expect(segments(text).every((segment) => segment.name === undefined)).toBe(true);
  });

  const shapeless: [string, string][] = [
    ["\u202e", "U+202E"], // right-to-left override
    ["\u200f", "U+200F"],
    ["\u2066", "U+2066"],
    ["\u200b", "U+200B"],
    ["\ufeff", "U+FEFF"],
    ["\u0000", "U+0000"],
    ["\u001b", "U+001B"],
    ["\u007f", "U+007F"],
    ["\u0085", "U+0085"],
    ["\u2028", "U+2028"],
    ["\n", "U+000A"],
    ["\ud800", "U+D800"], // half of a character
    ["\u{e0041}", "U+E0041"], // a tag
    ["\u3164", "U+3164"], // a filler that counts as a letter
  ];
  it.each(shapeless)("names %j", (character, name) => {
    expect(segments(`a${character}b`)).toEqual([{ text: "a" }, { text: character, name }, { text: "b" }]);
  });

  it("treats only line breaks and tabs of documents as layout", () => {
    expect(segments("a\n\tb", true)).toEqual([{ text: "a\n\tb" }]);
    expect(segments("a\r\u202eb", true).filter((segment) => segment.name !== undefined)).toHaveLength(2);
  });
});

describe("clipped", () => {
  it.each([
    ["short", 10, "short"],
    ["exactly", 7, "exactly"],
    ["longer than that", 6, "longer"],
    ["😀😀😀", 2, "😀😀"],
    ["😀😀", 2, "😀😀"],
  ])("%j to %i characters", (text, most, expected) => expect(clipped(text, most)).toBe(expected));
});
