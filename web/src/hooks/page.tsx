// SPDX-License-Identifier: Apache-2.0
// The page of hooks: the programs that decide which devices are admitted, and their failures and latencies.
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { useApi } from "../api/context";
import { useFollowing, useResource } from "../api/resource";
import type { Hook } from "../api/shapes";
import { BarChart } from "../parts/chart";
import { DeviceText } from "../parts/device_text";
import * as format from "../parts/format";
import { TemplateLinks } from "../parts/links";
import { Empty, Shown } from "../parts/notices";
import { Facts, Figure, PageHead, Panel } from "../parts/panel";
import { When } from "../parts/when";
import { barsOf, sum } from "../pipeline/series";
import { HookBadge } from "./hook_words";

const kReread = 3_000;

export function HooksPage(): JSX.Element {
  const api = useApi();
  const hooks = useResource("hooks", (signal) => api.hooks(signal));
  useFollowing(hooks.reload, kReread, "pipeline");
  return (
    <>
      <PageHead title="Hooks" lead="Called before a device is registered; they allow it, deny it, or change its parameters. Counted since the server started." />
      <Shown of={hooks} what="the hooks">
        {(all) =>
          all.length === 0 ? (
            <Panel title="Hooks of this deployment">
              <Empty title="No hook is configured">
                A hook is your own program or HTTPS address that decides which devices are admitted. It is configured in <code>imprint.toml</code>{" "}
                under <code>[[hook]]</code>, and a template names it as its pre-provisioning hook.
              </Empty>
            </Panel>
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

/** The number of devices that hooks kept out, by denying them or by failing to answer. */
function Rejections(): JSX.Element {
  const api = useApi();
  const pipeline = useResource("rejections", (signal) => api.pipeline("day", signal));
  useFollowing(pipeline.reload, kReread, "pipeline");
  const bars = useMemo(() => {
    const series = pipeline.value?.series;
    return series === undefined ? undefined : barsOf(series, "day");
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
    <Panel title="Devices that hooks kept out, per hour">
      <Shown of={pipeline} what="the devices that hooks kept out">
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
        <Figure title="Asked" value={format.count(hook.asked)} />
        <Figure title="Answered" value={format.count(hook.answered)} note={format.share(hook.answered, hook.asked)} />
        <Figure title="Failed" value={format.count(hook.failed)} note={format.share(hook.failed, hook.asked)} />
        <Figure title="Too late" value={format.count(hook.timedOut)} note={format.share(hook.timedOut, hook.asked)} />
      </div>
      <Facts
        of={[
          ["Latency", hook.seconds === null ? "not called yet" : `p50 ${format.latency(hook.seconds.p50)}, p95 ${format.latency(hook.seconds.p95)}, p99 ${format.latency(hook.seconds.p99)}`],
          ["Timeout", `${hook.timeoutSeconds} s`],
          ["Calls now", `${format.count(hook.inFlight)} of at most ${format.count(hook.concurrency)}, ${format.count(hook.waiting)} waiting`],
          ["Transport", <><code>{hook.transport}</code> <DeviceText text={hook.address} /></>],
          [
            "Templates",
            <TemplateLinks names={hook.templates} none="no template" />,
          ],
        ]}
      />
    </Panel>
  );
}
