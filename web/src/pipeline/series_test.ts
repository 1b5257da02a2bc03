// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { PipelineSeries } from "../api/shapes";
import { barsOf, inLastHour, sum, titleOf } from "./series";

function seriesOf(start: number, stepSeconds: number, onboarded: number[], failed: Record<string, number[]> = {}): PipelineSeries {
  return { start, stepSeconds, onboarded, failed, hookRejections: {} };
}

const kMidnight = 1_795_392_000; // in UTC

describe("bars", () => {
  it("are the server's steps for an hour", () => {
    const bars = barsOf(seriesOf(kMidnight + 60, 60, [1, 2, 3]), "hour", 0);
    expect(bars).toEqual({ times: [kMidnight + 60, kMidnight + 120, kMidnight + 180], stepSeconds: 60, onboarded: [1, 2, 3], failed: [], rejections: expect.anything() });
  });
  it("gather four quarters into an hour that begins on the hour", () => {
    const bars = barsOf(seriesOf(kMidnight + 2700, 900, [1, 2, 3, 4, 5, 6]), "day", 0);
    expect(bars.times).toEqual([kMidnight, kMidnight + 3600, kMidnight + 7200]);
    expect(bars.onboarded).toEqual([1, 2 + 3 + 4 + 5, 6]);
  });
  it("begin a day where the reader's day begins", () => {
    const bars = barsOf(seriesOf(kMidnight, 21_600, [1, 2, 3, 4, 5]), "month", 6 * 3600);
    expect(bars.times).toEqual([kMidnight - 6 * 3600, kMidnight + 18 * 3600]);
    expect(bars.onboarded).toEqual([1 + 2 + 3, 4 + 5]);
  });
  it("lose nothing of what happened", () => {
    const steps = Array.from({ length: 96 }, (_, i) => i);
    for (const offset of [0, 3600, -12_600, 20_700]) expect(sum(barsOf(seriesOf(kMidnight + 123 * 900, 900, steps), "day", offset).onboarded)).toBe(sum(steps));
  });
  it("put the most frequent reason first and leave out those that never were", () => {
    const bars = barsOf(seriesOf(kMidnight, 60, [0, 0], { rare: [0, 1], never: [0, 0], often: [4, 4] }), "hour", 0);
    expect(bars.failed).toEqual([
      { category: "often", values: [4, 4] },
      { category: "rare", values: [0, 1] },
    ]);
  });
  it("say what hooks did not let in, also where that was nothing", () => {
    const series = { ...seriesOf(kMidnight, 60, [0, 0]), hookRejections: { denied: [1, 2] } };
    expect(barsOf(series, "hour", 0).rejections).toEqual([
      { outcome: "denied", values: [1, 2] },
      { outcome: "failed", values: [0, 0] },
      { outcome: "timed_out", values: [0, 0] },
    ]);
  });
  it("are none without steps", () => expect(barsOf(seriesOf(kMidnight, 60, []), "hour", 0).times).toEqual([]));
});

describe("the last hour", () => {
  it("is the last four quarters", () => expect(inLastHour([9, 1, 2, 3, 4], 900)).toBe(10));
  it("is all there is when that is less", () => expect(inLastHour([1, 2], 900)).toBe(3));
});

describe("titles", () => {
  it("are the server's, or the category in words", () => {
    const known = [{ category: "claim-refused", title: "The claim was refused", remedy: "", count: 1 }];
    expect(titleOf("claim-refused", known)).toBe("The claim was refused");
    expect(titleOf("hook_denied", known)).toBe("hook denied");
  });
});
