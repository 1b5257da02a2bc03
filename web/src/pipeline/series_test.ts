// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { PipelineSeries } from "../api/shapes";
import * as format from "../parts/format";
import { barsOf, inLastHour, sum, titleOf } from "./series";

function seriesOf(start: number, stepSeconds: number, onboarded: number[], failed: Record<string, number[]> = {}): PipelineSeries {
  return { start, stepSeconds, onboarded, failed, hookRejections: {} };
}

const kMidnight = 1_795_392_000; // in UTC
const kDay = 86_400;

function live(zone: string): void {
  vi.stubEnv("TZ", zone);
}
beforeEach(() => live("UTC"));
afterAll(() => void vi.unstubAllEnvs());

describe("bars", () => {
  it("are the server's steps for an hour", () => {
    const bars = barsOf(seriesOf(kMidnight + 60, 60, [1, 2, 3]), "hour");
    expect(bars).toEqual({ times: [kMidnight + 60, kMidnight + 120, kMidnight + 180], stepSeconds: 60, onboarded: [1, 2, 3], failed: [], rejections: expect.anything() });
  });
  it("gather four quarters into an hour that begins on the hour", () => {
    const bars = barsOf(seriesOf(kMidnight + 2700, 900, [1, 2, 3, 4, 5, 6]), "day");
    expect(bars.times).toEqual([kMidnight, kMidnight + 3600, kMidnight + 7200]);
    expect(bars.onboarded).toEqual([1, 2 + 3 + 4 + 5, 6]);
  });
  it("begin a day where the reader's day begins", () => {
    live("Asia/Dhaka"); // six hours ahead
    const bars = barsOf(seriesOf(kMidnight, 21_600, [1, 2, 3, 4, 5]), "month");
    expect(bars.times).toEqual([kMidnight - 6 * 3600, kMidnight + 18 * 3600]);
    expect(bars.onboarded).toEqual([1 + 2 + 3, 4 + 5]);
  });
  it.each([
    ["2026-10-10", 30, 25], // the clocks go back on the 25th
    ["2026-03-15", 30, 23], // and forward on the 29th
  ])("have every day once when the clocks change: 30 days from %s", (from, days, hours) => {
    live("Europe/Berlin");
    const start = new Date(`${from}T00:00`).getTime() / 1000;
    const bars = barsOf(seriesOf(start, 3600, new Array<number>(days * 24).fill(1)), "month");
    const dates = bars.times.map((time) => format.date(time));
    const first = new Date(`${from}T12:00Z`).getTime() / 1000;
    expect(dates.slice(0, days)).toEqual(Array.from({ length: days }, (_, i) => format.date(first + i * kDay)));
    for (const time of bars.times) expect(format.clock(time)).toBe("00:00");
    expect(bars.onboarded.filter((count) => count === hours)).toHaveLength(1);
  });
  it("keep the repeated hour separate", () => {
    live("Europe/Berlin");
    const start = new Date("2026-10-25T00:00").getTime() / 1000;
    const bars = barsOf(seriesOf(start, 900, new Array<number>(5 * 4).fill(1)), "day");
    expect(bars.times.map((time) => format.clock(time))).toEqual(["00:00", "01:00", "02:00", "02:00", "03:00"]);
    expect(bars.onboarded).toEqual([4, 4, 4, 4, 4]);
  });
  it("lose nothing of what happened", () => {
    const steps = Array.from({ length: 96 }, (_, i) => i);
    for (const zone of ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"]) {
      live(zone);
      expect(sum(barsOf(seriesOf(kMidnight + 123 * 900, 900, steps), "day").onboarded)).toBe(sum(steps));
    }
  });
  it("put the most frequent reason first and leave out unused ones", () => {
    const bars = barsOf(seriesOf(kMidnight, 60, [0, 0], { rare: [0, 1], never: [0, 0], often: [4, 4] }), "hour");
    expect(bars.failed).toEqual([
      { category: "often", values: [4, 4] },
      { category: "rare", values: [0, 1] },
    ]);
  });
  it("show what hooks did not admit, even if that was nothing", () => {
    const series = { ...seriesOf(kMidnight, 60, [0, 0]), hookRejections: { denied: [1, 2] } };
    expect(barsOf(series, "hour").rejections).toEqual([
      { outcome: "denied", values: [1, 2] },
      { outcome: "failed", values: [0, 0] },
      { outcome: "timed_out", values: [0, 0] },
    ]);
  });
  it("are none without steps", () => expect(barsOf(seriesOf(kMidnight, 60, []), "hour").times).toEqual([]));
});

describe("the last hour", () => {
  it("is the last four quarters", () => expect(inLastHour([9, 1, 2, 3, 4], 900)).toBe(10));
  it("is the sum of all steps if there are fewer", () => expect(inLastHour([1, 2], 900)).toBe(3));
});

describe("titles", () => {
  it("are the server's, or the category in words", () => {
    const known = [{ category: "claim-refused", title: "The claim was refused", remedy: "", count: 1 }];
    expect(titleOf("claim-refused", known)).toBe("The claim was refused");
    expect(titleOf("hook_denied", known)).toBe("Hook denied");
  });
});
