// SPDX-License-Identifier: Apache-2.0
// Converts the server's steps to the series of a chart.
import type { FailureCategory, PipelineSeries, Span } from "../api/shapes";
import * as format from "../parts/format";

export interface Bars {
  times: number[];
  stepSeconds: number;
  onboarded: number[];
  /** By category, most frequent first. */
  failed: { category: string; values: number[] }[];
  /** Devices that hooks denied or gave no verdict for, by outcome. */
  rejections: { outcome: string; values: number[] }[];
}

const kOutcomes = ["denied", "failed", "timed_out"];

const kHour = 3600;
const kDay = 24 * kHour;

/** The period of one bar: a minute of an hour, an hour of a day, a day of a month. */
const kBarSeconds: Record<Span, number> = { hour: 60, day: kHour, month: kDay };

export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Sums the server's steps into bars that begin on the minute, hour or day of the reader's time zone. */
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

/** A day of the reader's calendar may have 23 or 25 hours; a shorter bar has a fixed number of seconds. */
function barStart(time: number, span: Span): number {
  const at = new Date(time * 1000);
  if (span === "month") return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime() / 1000;
  const offset = -at.getTimezoneOffset() * 60;
  return Math.floor((time + offset) / kBarSeconds[span]) * kBarSeconds[span] - offset;
}

/** The sum over the last hour, or over all steps if they cover less. */
export function inLastHour(values: number[], stepSeconds: number): number {
  return sum(values.slice(-Math.max(1, Math.round(kHour / stepSeconds))));
}

/** The server's title of a reason, or its name in words if the server sent no title. */
export function titleOf(category: string, known: FailureCategory[]): string {
  return known.find((one) => one.category === category)?.title ?? format.capital(category.replace(/[_-]/g, " "));
}
