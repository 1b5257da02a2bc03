// SPDX-License-Identifier: Apache-2.0
// From the server's steps to what a chart shows.
import type { FailureCategory, PipelineSeries, Span } from "../api/shapes";

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
export const kBarSeconds: Record<Span, number> = { hour: 60, day: kHour, month: kDay };

export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * The server's steps gathered into bars that begin on the minute, the hour or the day where the reader is.
 * @param offsetSeconds of the reader's clock from UTC.
 */
export function barsOf(series: PipelineSeries, span: Span, offsetSeconds: number): Bars {
  const barSeconds = Math.max(kBarSeconds[span], series.stepSeconds);
  const barOf = (step: number): number => {
    const local = series.start + step * series.stepSeconds + offsetSeconds;
    return Math.floor(local / barSeconds) * barSeconds - offsetSeconds;
  };
  const steps = series.onboarded.length;
  const first = barOf(0);
  const bars = steps === 0 ? 0 : Math.round((barOf(steps - 1) - first) / barSeconds) + 1;
  const gather = (values: number[]): number[] => {
    const out = new Array<number>(bars).fill(0);
    values.slice(0, steps).forEach((value, step) => {
      const at = Math.round((barOf(step) - first) / barSeconds);
      out[at] = (out[at] ?? 0) + value;
    });
    return out;
  };
  return {
    times: Array.from({ length: bars }, (_, i) => first + i * barSeconds),
    stepSeconds: barSeconds,
    onboarded: gather(series.onboarded),
    failed: Object.entries(series.failed)
      .map(([category, values]) => ({ category, values: gather(values) }))
      .filter((one) => sum(one.values) > 0)
      .sort((a, b) => sum(b.values) - sum(a.values)),
    rejections: kOutcomes.map((outcome) => ({ outcome, values: gather(series.hookRejections[outcome] ?? []) })),
  };
}

/** Of the last hour, or as much of it as the steps reach. */
export function inLastHour(values: number[], stepSeconds: number): number {
  return sum(values.slice(-Math.max(1, Math.round(kHour / stepSeconds))));
}

/** @return how many seconds the reader's clock is ahead of UTC at that time. */
export function clockOffset(time: number): number {
  return -new Date(time * 1000).getTimezoneOffset() * 60;
}

export function titleOf(category: string, known: FailureCategory[]): string {
  return known.find((one) => one.category === category)?.title ?? category.replace(/[_-]/g, " ");
}
