// SPDX-License-Identifier: Apache-2.0
// Human-readable numbers, times and durations. Times are seconds since 1970.

const kMinute = 60;
const kHour = 60 * kMinute;
const kDay = 24 * kHour;

const kNumber = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 1,234,567 */
export function count(n: number): string {
  return kNumber.format(n);
}

/** Devices per second, with more decimals for small rates. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return "0";
  if (perSecond < 0.1) return perSecond.toFixed(2);
  return perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond));
}

/** A percentage; "under 1 %" for small shares instead of 0. */
export function share(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (100 * part) / whole;
  if (percent > 0 && percent < 1) return "under 1 %";
  if (percent < 100 && percent > 99) return "over 99 %";
  return `${Math.round(percent)} %`;
}

/** A latency: milliseconds up to a second. */
export function latency(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.001) return "under 1 ms";
  if (seconds < 0.995) return `${Math.round(seconds * 1000)} ms`;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** 1 day, 1,234 days */
export function plural(n: number, unit: string): string {
  return `${count(n)} ${unit}${n === 1 ? "" : "s"}`;
}

/** In the largest unit only: "3 days". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < kMinute) return plural(whole, "second");
  if (whole < kHour) return plural(Math.round(whole / kMinute), "minute");
  if (whole < 2 * kDay) return plural(Math.round(whole / kHour), "hour");
  if (whole < 730 * kDay) return plural(Math.round(whole / kDay), "day");
  return plural(Math.round(whole / (365 * kDay)), "year");
}

/** How long ago, or how long until then. */
export function relative(time: number, now: number): string {
  const ahead = time - now;
  if (Math.abs(ahead) < 5) return "now";
  return ahead > 0 ? `in ${duration(ahead)}` : `${duration(-ahead)} ago`;
}

/** 2026-03-01 06:00:05 in the reader's time zone. */
export function timestamp(time: number): string {
  const at = new Date(time * 1000);
  if (Number.isNaN(at.getTime())) return "–";
  return `${dateOf(at)} ${clockOf(at)}:${two(at.getSeconds())}`;
}

export function date(time: number): string {
  const at = new Date(time * 1000);
  return Number.isNaN(at.getTime()) ? "–" : dateOf(at);
}

export function clock(time: number): string {
  return clockOf(new Date(time * 1000));
}

/** 12.5 MB */
export function bytes(n: number): string {
  if (n < 1000) return plural(n, "byte");
  const units = ["kB", "MB", "GB", "TB"];
  let value = n / 1000;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; ++unit) value /= 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
function dateOf(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
function clockOf(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}
