// SPDX-License-Identifier: Apache-2.0
// At a glance: how many devices arrived, how many were refused, why, and what to do.
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { useLive, useSigned } from "../api/context";
import { useRereading, useResource } from "../api/resource";
import type { Pipeline, PipelineNow, Span } from "../api/shapes";
import { href } from "../app/router";
import { BarChart } from "../parts/chart";
import * as format from "../parts/format";
import { Empty, Shown } from "../parts/notices";
import { Choice, Figure, PageHead, Panel } from "../parts/panel";
import { Table } from "../parts/table";
import { useEvery } from "../parts/when";
import { AlarmList } from "./alarms";
import { ClaimsAtAGlance } from "./claims_at_a_glance";
import { HooksAtAGlance } from "./hooks_at_a_glance";
import { RecentRefusals } from "./recent_refusals";
import { barsOf, inLastHour, sum, titleOf } from "./series";

const kSpans: [Span, string][] = [
  ["hour", "Last hour"],
  ["day", "Last 24 hours"],
  ["month", "Last 30 days"],
];
const kInWords: Record<Span, string> = { hour: "in the last hour", day: "in the last 24 hours", month: "in the last 30 days" };
const kPerBar: Record<Span, string> = { hour: "a minute", day: "an hour", month: "a day" };
const kReread = 5_000;
const kMinute = 60_000;
const kMostCategoriesDrawn = 6;
const kClaimRefused = "claim-refused";

export function PipelinePage(): JSX.Element {
  const { api, live } = useSigned();
  const [span, setSpan] = useState<Span>("day");
  const pipeline = useResource(`pipeline ${span}`, (signal) => api.pipeline(span, signal));
  const [now, setNow] = useState<PipelineNow | undefined>(live.last("pipeline"));
  const reread = useRereading(pipeline.reload, kReread);
  useLive("pipeline", (latest) => {
    if (now !== undefined && (latest.onboarded !== now.onboarded || latest.failed !== now.failed)) reread();
    setNow(latest);
  });
  // Also reload when nothing happens: old events drop out of the last hour.
  useEvery(kMinute, pipeline.reload);

  return (
    <>
      <PageHead title="Pipeline" lead="Devices on their way from the claim to their own identity.">
        <Choice label="Time" options={kSpans} chosen={span} choose={setSpan} />
      </PageHead>
      <Shown of={pipeline} what="the pipeline">
        {(value) => (
          <>
            <Figures pipeline={value} now={now ?? value.now} span={span} />
            <AlarmList />
            <Reasons pipeline={value} span={span} />
            <Charts pipeline={value} span={span} />
          </>
        )}
      </Shown>
      <RecentRefusals known={pipeline.value?.categories ?? []} />
      <div class="columns">
        <ClaimsAtAGlance />
        <HooksAtAGlance />
      </div>
    </>
  );
}

/** The figures of the chosen period, including events since they were read. */
function Figures({ pipeline, now, span }: { pipeline: Pipeline; now: PipelineNow; span: Span }): JSX.Element {
  const { series, latency } = pipeline;
  const failedSteps = useMemo(() => totals(Object.values(series.failed)), [series]);
  const arrived = sum(series.onboarded) + Math.max(0, now.onboarded - pipeline.now.onboarded);
  const refused = sum(failedSteps) + Math.max(0, now.failed - pipeline.now.failed);
  const lastHour = inLastHour(series.onboarded, series.stepSeconds);
  const active = now.certificates["ACTIVE"] ?? 0;
  return (
    <div class="figures" role="group" aria-label={`Devices ${kInWords[span]}`}>
      <Figure title="Arrived" value={format.count(arrived)} tone="good" note={`devices registered ${kInWords[span]}`} />
      <Figure
        title="Refused"
        value={format.count(refused)}
        tone={refused > 0 ? "bad" : "plain"}
        note={refusedInWords(refused, arrived)}
      />
      <Figure
        title="Right now"
        value={format.rate(now.perSecond)}
        note={span === "month" ? "devices per second" : `per second · ${format.count(lastHour)} in the last hour`}
      />
      <Figure title="Connected" value={format.count(now.connections)} note={`devices · ${format.count(active)} active certificates, including claims`} />
      <Figure
        title="Response time"
        value={format.latency(latency.p50)}
        note={latency.count === 0 ? `no requests ${kInWords[span]}` : `p50 · p95 ${format.latency(latency.p95)} · p99 ${format.latency(latency.p99)}`}
      />
    </div>
  );
}

function totals(rows: number[][]): number[] {
  const length = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length }, (_, i) => sum(rows.map((row) => row[i] ?? 0)));
}

/** Relative to the devices that arrived, as the alarm counts. */
function refusedInWords(refused: number, arrived: number): string {
  if (refused === 0) return "requests: every device succeeded";
  return arrived === 0 ? "requests, and no device arrived" : `requests: ${format.share(refused, arrived)} of the devices arrived`;
}

/** Why devices were refused, and what to do about each reason. */
function Reasons({ pipeline, span }: { pipeline: Pipeline; span: Span }): JSX.Element {
  const { categories, series } = pipeline;
  const whole = sum(categories.map((one) => one.count));
  const nobodyCame = whole === 0 && sum(series.onboarded) === 0;
  return (
    <Panel title="Why devices were refused, and what to do">
      {nobodyCame && (
        <Empty title={`No device came ${kInWords[span]}`}>
          Give devices a claim (<code>imprint claim create</code>), or check whether any tried: <a href={href("refusals")}>Refusals</a> also shows those
          that were refused at connection.
        </Empty>
      )}
      {!nobodyCame && whole === 0 && <Empty title={`Nothing was refused ${kInWords[span]}`}>There is nothing to do.</Empty>}
      {whole > 0 && (
        <Table
          caption={`Why devices were refused ${kInWords[span]}`}
          rows={categories}
          keyOf={(row) => row.category}
          columns={[
            { title: "Reason", isHeading: true, cell: (row) => row.title },
            { title: "Requests", isNumber: true, cell: (row) => format.count(row.count) },
            { title: "Share", isNumber: true, isMinor: true, cell: (row) => format.share(row.count, whole) },
            { title: "What to do", cell: (row) => row.remedy },
            {
              title: "Devices",
              cell: (row) => (
                <a class="nowrap" href={href("refusals", { category: row.category })} aria-label={`Show the devices refused for: ${row.title}`}>
                  Show devices
                </a>
              ),
            },
          ]}
        />
      )}
      {categories.some((one) => one.category === kClaimRefused) && (
        <p class="quiet">
          Devices with a frozen claim are refused when they connect, before they send a request: they are among the refusals below, not in
          these numbers.
        </p>
      )}
    </Panel>
  );
}

function Charts({ pipeline, span }: { pipeline: Pipeline; span: Span }): JSX.Element {
  const bars = useMemo(() => barsOf(pipeline.series, span), [pipeline.series, span]);
  const arrived = useMemo(
    () => [{ label: "Arrived", colour: "--series-good", values: bars.onboarded }],
    [bars],
  );
  const refused = useMemo(() => {
    const drawn = bars.failed.slice(0, kMostCategoriesDrawn).map((one, i) => ({
      label: titleOf(one.category, pipeline.categories),
      colour: `--series-${i + 1}`,
      values: one.values,
    }));
    const rest = bars.failed.slice(kMostCategoriesDrawn);
    if (rest.length > 0) drawn.push({ label: "Other reasons", colour: "--series-rest", values: totals(rest.map((one) => one.values)) });
    return drawn;
  }, [bars, pipeline.categories]);
  return (
    <div class="columns">
      <Panel title={`Devices arrived, ${kPerBar[span]}`}>
        <BarChart title={`Devices arrived ${kInWords[span]}`} times={bars.times} stepSeconds={bars.stepSeconds} series={arrived} />
      </Panel>
      <Panel title={`Requests refused, ${kPerBar[span]}`}>
        {refused.length === 0 ? (
          <Empty title={`Nothing was refused ${kInWords[span]}`} />
        ) : (
          <BarChart title={`Requests refused ${kInWords[span]}`} times={bars.times} stepSeconds={bars.stepSeconds} series={refused} />
        )}
      </Panel>
    </div>
  );
}
