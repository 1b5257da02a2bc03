// SPDX-License-Identifier: Apache-2.0
// From the server's steps to what a chart shows.
import type { FailureCategory, PipelineSeries, Span } from "../api/shapes";
import * as format from "../parts/format";

export interface Bars {
  times: number[];
  stepSeconds: number;
  onboarded: number[];
  /** By category, most first. */
  failed: { category: string; values: number[] }[];
  /** What hooks said no to, or could not say, by outcome. */
  rejections: { outcome: string; values: number[] }[];
}

const kOutcomes = ["denied", "failed", "timed_out"];

const kHour = 3600;
const kDay = 24 * kHour;

/** How much time one bar stands for: a minute of an hour, an hour of a day, a day of a month. */
const kBarSeconds: Record<Span, number> = { hour: 60, day: kHour, month: kDay };

export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The server's steps gathered into bars that begin on the minute, the hour or the day where the reader is. */
export function barsOf(series: PipelineSeries, span: Span): Bars {
  const starts = series.onboarded.map((_, step) => barStart(series.start + step * series.stepSeconds, span));
  const times = [...new Set(starts)];
  const places = new Map(times.map((time, i) => [time, i]));
  const gather = (values: number[]): number[] => {
    const out = new Array<number>(times.length).fill(0);
    starts.forEach((start, step) => {
      const at = places.get(start) ?? 0;
      out[at] = (out[at] ?? 0) + (values[step] ?? 0);
    });
    return out;
  };
  return {
    times,
    stepSeconds: Math.max(kBarSeconds[span], series.stepSeconds),
    onboarded: gather(series.onboarded),
    failed: Object.entries(series.failed)
      .map(([category, values]) => ({ category, values: gather(values) }))
      .filter((one) => sum(one.values) > 0)
      .sort((a, b) => sum(b.values) - sum(a.values)),
    rejections: kOutcomes.map((outcome) => ({ outcome, values: gather(series.hookRejections[outcome] ?? []) })),
  };
}

/** A day by the reader's calendar may have 23 or 25 hours; a shorter bar is so many seconds by the clock of its moment. */
function barStart(time: number, span: Span): number {
  const at = new Date(time * 1000);
  if (span === "month") return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime() / 1000;
  const offset = -at.getTimezoneOffset() * 60;
  return Math.floor((time + offset) / kBarSeconds[span]) * kBarSeconds[span] - offset;
}

/** Of the last hour, or as much of it as the steps reach. */
export function inLastHour(values: number[], stepSeconds: number): number {
  return sum(values.slice(-Math.max(1, Math.round(kHour / stepSeconds))));
}

/** The server's title of a reason, or its name in words where the server did not tell it. */
export function titleOf(category: string, known: FailureCategory[]): string {
  return known.find((one) => one.category === category)?.title ?? format.capital(category.replace(/[_-]/g, " "));
}
