// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useApi } from "../api/context";
import { useFollowing, useResource } from "../api/resource";
import { href } from "../app/router";
import { HookBadge, HookCounts, shortArn } from "../hooks/hook_words";
import { DeviceText } from "../parts/device_text";
import * as format from "../parts/format";
import { Empty, Shown } from "../parts/notices";
import { Panel } from "../parts/panel";
import { Table } from "../parts/table";

const kReread = 5_000;

export function HooksAtAGlance(): JSX.Element {
  const api = useApi();
  const hooks = useResource("hooks at a glance", (signal) => api.hooks(signal));
  useFollowing(hooks.reload, kReread, "pipeline");
  return (
    <Panel title="Hooks" aside={<a href={href("hooks")}>All hooks</a>}>
      <Shown of={hooks} what="the hooks">
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="No hook is configured">Templates alone decide which devices are admitted.</Empty>
          ) : (
            <Table
              caption="Hooks and how they answer"
              rows={rows}
              keyOf={(hook) => hook.arn}
              columns={[
                { title: "Hook", isHeading: true, cell: (hook) => <span title={hook.arn}><DeviceText text={shortArn(hook.arn)} shown={48} /></span> },
                { title: "Answers", cell: (hook) => <HookCounts hook={hook} /> },
                { title: "p95", isNumber: true, cell: (hook) => format.latency(hook.seconds?.p95) },
                { title: "State", cell: (hook) => <HookBadge hook={hook} /> },
              ]}
            />
          )
        }
      </Shown>
    </Panel>
  );
}
