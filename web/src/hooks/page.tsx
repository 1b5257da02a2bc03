// SPDX-License-Identifier: Apache-2.0
// Hooks: who is asked before a device is let in, and how well that works.
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useApi, useLive } from "../api/context";
import { useRereading, useResource } from "../api/resource";
import type { Hook } from "../api/shapes";
import { href } from "../app/router";
import { BarChart } from "../parts/chart";
import { DeviceText } from "../parts/device_text";
import * as format from "../parts/format";
import { Empty, Shown } from "../parts/notices";
import { Facts, PageHead, Panel, useTitle } from "../parts/panel";
import { When } from "../parts/when";
import { barsOf, clockOffset, sum } from "../pipeline/series";
import { HookBadge } from "./hook_words";

const kReread = 3_000;

export function HooksPage(): JSX.Element {
  useTitle("Hooks");
  const api = useApi();
  const hooks = useResource("hooks", (signal) => api.hooks(signal));
  const reread = useRereading(hooks.reload, kReread);
  useLive("pipeline", reread);
  return (
    <>
      <PageHead title="Hooks" lead="Asked before a device is registered; they allow it, deny it, or change its parameters. Counted since the server started." />
      <Shown of={hooks} what="the hooks">
        {(all) =>
          all.length === 0 ? (
            <Empty title="No hook is set up">
              A hook is your own program or HTTPS address that decides who may come in. It is set up in <code>imprint.toml</code>{" "}
              under <code>[[hook]]</code>, and a template names it as its pre-provisioning hook.
            </Empty>
          ) : (
            <div class="cards">
              <Rejections />
              {all.map((hook) => (
                <HookCard key={hook.arn} hook={hook} />
              ))}
            </div>
          )
        }
      </Shown>
    </>
  );
}

const kColours: Record<string, [string, string]> = {
  denied: ["Denied", "--series-4"],
  failed: ["Failed", "--series-1"],
  timed_out: ["Too late", "--series-2"],
};

/** How many devices hooks kept out, by saying no or by not saying anything. */
function Rejections(): JSX.Element {
  const api = useApi();
  const pipeline = useResource("rejections", (signal) => api.pipeline("day", signal));
  const reread = useRereading(pipeline.reload, kReread);
  useLive("pipeline", reread);
  const bars = useMemo(() => {
    const series = pipeline.value?.series;
    return series === undefined ? undefined : barsOf(series, "day", clockOffset(series.start));
  }, [pipeline.value]);
  const series = useMemo(
    () =>
      (bars?.rejections ?? []).map(({ outcome, values }) => {
        const [label, colour] = kColours[outcome] ?? [outcome, "--series-rest"];
        return { label, colour, values };
      }),
    [bars],
  );
  return (
    <Panel title="Devices that hooks kept out, an hour">
      <Shown of={pipeline} what="what hooks kept out">
        {() =>
          bars === undefined || series.every((one) => sum(one.values) === 0) ? (
            <Empty title="No hook kept a device out in the last 24 hours" />
          ) : (
            <BarChart title="Devices that hooks kept out in the last 24 hours" times={bars.times} stepSeconds={bars.stepSeconds} series={series} />
          )
        }
      </Shown>
    </Panel>
  );
}

function HookCard({ hook }: { hook: Hook }): JSX.Element {
  const whole = hook.asked;
  return (
    <Panel title={hook.arn} aside={<HookBadge hook={hook} />}>
      {hook.lastProblem !== undefined && (
        <div class="notice warn">
          <p class="notice-title">
            Last problem, <When at={hook.lastProblem.time} />
          </p>
          <p>
            <DeviceText text={hook.lastProblem.because} shown={400} />
          </p>
        </div>
      )}
      <div class="figures small">
        <Count title="Asked" value={hook.asked} />
        <Count title="Answered" value={hook.answered} of={whole} />
        <Count title="Failed" value={hook.failed} of={whole} />
        <Count title="Too late" value={hook.timedOut} of={whole} />
      </div>
      <Facts
        of={[
          ["Takes", hook.seconds === null ? "not asked yet" : `p50 ${format.latency(hook.seconds.p50)}, p95 ${format.latency(hook.seconds.p95)}, p99 ${format.latency(hook.seconds.p99)}`],
          ["At most", `${hook.timeoutSeconds} s`],
          ["Now", `${format.count(hook.inFlight)} of ${format.count(hook.concurrency)} asked at once, ${format.count(hook.waiting)} waiting`],
          ["Reached by", <><code>{hook.transport}</code> <DeviceText text={hook.address} /></>],
          [
            "Named by",
            hook.templates.length === 0
              ? "no template"
              : hook.templates.map((name, i) => (
                  <span key={name}>
                    {i > 0 && ", "}
                    <a href={href("template", { name })}>
                      <DeviceText text={name} />
                    </a>
                  </span>
                )),
          ],
        ]}
      />
    </Panel>
  );
}

function Count({ title, value, of }: { title: string; value: number; of?: number }): JSX.Element {
  return (
    <div class="figure">
      <h3>{title}</h3>
      <p class="figure-value">{format.count(value)}</p>
      {of !== undefined && <p class="figure-note">{format.share(value, of)}</p>}
    </div>
  );
}
