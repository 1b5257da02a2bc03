// SPDX-License-Identifier: Apache-2.0
// Hooks: who is asked before a device is let in, and how well that works.
import type { JSX } from "preact";
import { useApi, useLive } from "../api/context";
import { useRereading, useResource } from "../api/resource";
import type { Hook } from "../api/shapes";
import { href } from "../app/router";
import { DeviceText } from "../parts/device_text";
import * as format from "../parts/format";
import { Empty, Shown } from "../parts/notices";
import { Facts, PageHead, Panel, useTitle } from "../parts/panel";
import { When } from "../parts/when";
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
          ["Answers in", hook.seconds === null ? "not asked yet" : `p50 ${format.latency(hook.seconds.p50)}, p95 ${format.latency(hook.seconds.p95)}, p99 ${format.latency(hook.seconds.p99)}`],
          ["Has time until", `${hook.timeoutSeconds} s`],
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
