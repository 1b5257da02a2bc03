// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import * as format from "./format";

describe("format", () => {
  it.each([[0, "0"], [999, "999"], [1234567, "1,234,567"]])("counts %d", (n, text) => expect(format.count(n)).toBe(text));
  it.each([[0, "0"], [0.04, "0.04"], [0.5, "0.5"], [9.96, "10.0"], [12.4, "12"], [1500.2, "1,500"]])("%d a second", (n, text) =>
    expect(format.rate(n)).toBe(text),
  );
  it.each([
    [0, 0, "–"],
    [0, 10, "0 %"],
    [1, 1000, "under 1 %"],
    [999, 1000, "over 99 %"],
    [10, 10, "100 %"],
    [1, 3, "33 %"],
  ])("%d of %d", (part, whole, text) => expect(format.share(part, whole)).toBe(text));
  it.each([
    [null, "–"],
    [undefined, "–"],
    [0.0004, "under 1 ms"],
    [0.0344, "34 ms"],
    [0.996, "1.0 s"],
    [1.26, "1.3 s"],
    [61, "61 s"],
  ])("a latency of %s", (seconds, text) => expect(format.latency(seconds)).toBe(text));
  it.each([
    [-3, "0 seconds"],
    [1, "1 second"],
    [59, "59 seconds"],
    [60, "1 minute"],
    [3600, "1 hour"],
    [47 * 3600, "47 hours"],
    [2 * 86400, "2 days"],
    [365 * 86400, "365 days"],
    [800 * 86400, "2 years"],
  ])("%d seconds long", (seconds, text) => expect(format.duration(seconds)).toBe(text));
  it.each([
    [100, 102, "now"],
    [100, 160, "1 minute ago"],
    [7300, 100, "in 2 hours"],
  ])("%d seen at %d", (time, now, text) => expect(format.relative(time, now)).toBe(text));
  it("shows a missing time as none", () => {
    expect(format.timestamp(Number.NaN)).toBe("–");
    expect(format.date(Number.POSITIVE_INFINITY)).toBe("–");
  });
  it("writes times in a sortable form", () => expect(format.timestamp(1795451626)).toMatch(/^2026-11-2\d \d\d:\d\d:46$/));
  it.each([[1, "1 byte"], [999, "999 bytes"], [1000, "1.0 kB"], [2345678, "2.3 MB"], [99e9, "99 GB"]])("%d bytes", (n, text) =>
    expect(format.bytes(n)).toBe(text),
  );
});
