// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useColours } from "../app/theme";
import * as format from "./format";
import { Table } from "./table";

export interface Series {
  label: string;
  /** A custom property of the style sheet: --series-1. */
  colour: string;
  values: number[];
}

interface ChartProps {
  /** What is counted: the caption of the table that replaces the chart. */
  title: string;
  /** When each bar begins. */
  times: number[];
  stepSeconds: number;
  /** Stacked, the first at the bottom. */
  series: Series[];
}

const kHeight = 180;

/** Counts per step as stacked bars, and the same as a table for screen readers. */
export function BarChart({ title, times, stepSeconds, series }: ChartProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const colours = useColours();
  const [pointed, point] = useState<number | undefined>();
  const shape = `${times.length} ${stepSeconds} ${series.map((s) => s.label + s.colour).join("|")}`;
  const plot = useRef<uPlot | undefined>(undefined);

  useEffect(() => {
    if (frame.current === null) return;
    const made = new uPlot(barOptions(frame.current, stepSeconds, series, point), stacked(times, series), frame.current);
    plot.current = made;
    const resized = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.width > 0) made.setSize({ width: entry.contentRect.width, height: kHeight });
    });
    resized.observe(frame.current);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, colours]);
  useEffect(() => plot.current?.setData(stacked(times, series)), [times, series]);

  return (
    <figure class="chart">
      <figcaption class="chart-legend">
        {series.map((one) => (
          <span key={one.label}>
            <i class="swatch" style={{ background: `var(${one.colour})` }} aria-hidden="true" />
            {one.label}
          </span>
        ))}
        <span class="chart-pointed" aria-hidden="true">
          {pointed === undefined ? "" : describe(times, stepSeconds, series, pointed)}
        </span>
      </figcaption>
      <div ref={frame} class="chart-canvas" aria-hidden="true" />
      <ChartTable title={title} times={times} stepSeconds={stepSeconds} series={series} />
    </figure>
  );
}

function ChartTable({ title, times, stepSeconds, series }: ChartProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const rows = times
    .map((time, i) => ({ time, values: series.map((one) => one.values[i] ?? 0) }))
    .filter((row) => row.values.some((value) => value > 0))
    .reverse();
  return (
    <details class="chart-table" onToggle={(event) => setOpen((event.target as HTMLDetailsElement).open)}>
      <summary>As a table</summary>
      {isOpen && rows.length === 0 && <p class="quiet">Nothing happened in this period.</p>}
      {isOpen && rows.length > 0 && (
        <Table
          caption={title}
          rows={rows}
          keyOf={(row) => String(row.time)}
          columns={[
            { title: "From", isHeading: true, cell: (row) => spanOf(row.time, stepSeconds) },
            ...series.map((one, i) => ({
              title: one.label,
              isNumber: true,
              cell: (row: (typeof rows)[number]) => format.count(row.values[i] ?? 0),
            })),
          ]}
        />
      )}
    </details>
  );
}

function spanOf(time: number, stepSeconds: number): string {
  if (stepSeconds >= 86_400) return format.date(time);
  return `${format.date(time)} ${format.clock(time)}–${format.clock(time + stepSeconds)}`;
}

function describe(times: number[], stepSeconds: number, series: Series[], at: number): string {
  const time = times[at];
  if (time === undefined) return "";
  const parts = series.map((one) => `${one.label.toLowerCase()} ${format.count(one.values[at] ?? 0)}`);
  return `${spanOf(time, stepSeconds)}: ${parts.join(", ")}`;
}

/** uPlot draws each series over the previous one, so the sums are drawn from the top, the whole stack first. */
function stacked(times: number[], series: Series[]): uPlot.AlignedData {
  const sums: number[][] = [];
  for (const one of series) {
    const below = sums.at(-1);
    sums.push(times.map((_, i) => (one.values[i] ?? 0) + (below?.[i] ?? 0)));
  }
  return [times, ...sums.reverse()];
}

function barOptions(frame: HTMLElement, stepSeconds: number, series: Series[], point: (at: number | undefined) => void): uPlot.Options {
  const style = getComputedStyle(frame);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const bars = uPlot.paths.bars?.({ size: [0.72, 48], align: 1 });
  return {
    width: Math.max(frame.clientWidth, 200),
    height: kHeight,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: true, range: (_plot, from, to) => [from, to + stepSeconds] },
      y: { range: (_plot, _from, to) => [0, Math.max(4, to * 1.1)] },
    },
    axes: [
      axis(colour, { size: 30, space: 64, values: (_plot, ticks) => ticks.map((tick) => tickText(tick, stepSeconds)) }),
      axis(colour, { size: 52, values: (_plot, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? format.count(tick) : "")) }),
    ],
    series: [
      {},
      ...[...series].reverse().map(
        (one): uPlot.Series => ({
          label: one.label,
          fill: colour(one.colour),
          stroke: colour(one.colour),
          width: 0,
          points: { show: false },
          ...(bars === undefined ? {} : { paths: bars }),
        }),
      ),
    ],
    hooks: { setCursor: [(plot) => point(plot.cursor.idx ?? undefined)] },
  };
}

function tickText(time: number, stepSeconds: number): string {
  return stepSeconds >= 21_600 ? format.date(time).slice(5) : format.clock(time);
}

function axis(colour: (name: string) => string, more: uPlot.Axis): uPlot.Axis {
  return {
    stroke: colour("--ink-quiet"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1, size: 4 },
    ...more,
  };
}
