// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApi, useLive } from "../api/context";
import { useRereading, useResource } from "../api/resource";
import type { AuditEvent } from "../api/shapes";
import { href } from "../app/router";
import { identityOf, isRefusal, newest, whoOf } from "../audit/events";
import { DeviceText } from "../parts/device_text";
import { Empty, Shown } from "../parts/notices";
import { Panel } from "../parts/panel";
import { Sentence, storyOf } from "../parts/sentence";
import { Table } from "../parts/table";
import { When } from "../parts/when";

const kShown = 12;
/** Of each outcome of a refusal: what else was refused than a registration is left out here. */
const kRead = 50;
const kReread = 3_000;

/** The devices that were refused last, each with the reason and the way to its story. */
export function RecentRefusals(): JSX.Element {
  const api = useApi();
  const [live, setLive] = useState<AuditEvent[]>([]);
  const read = useResource("refusals", async (signal) => {
    const pages = await Promise.all(
      ["rejected", "denied"].map((outcome) => api.auditEvents({ outcome }, { signal }, kRead)),
    );
    return pages.flatMap((page) => page.items).filter(isRefusal);
  });
  const reread = useRereading(read.reload, kReread);
  useLive("steps", ({ events, leftOut }) => {
    if (leftOut > 0) reread();
    const refusals = events.filter(isRefusal);
    if (refusals.length > 0) setLive((before) => newest([...refusals, ...before], kShown));
  });
  return (
    <Panel title="Refused most recently" aside={<a href={href("audit")}>Everything that happened</a>}>
      <Shown of={read} what="the refusals">
        {(events) => {
          const rows = newest([...live, ...events], kShown);
          if (rows.length === 0) return <Empty title="No device was refused" />;
          return (
            <Table
              caption="Devices that were refused most recently"
              rows={rows}
              keyOf={identityOf}
              columns={[
                { title: "Device", isHeading: true, cell: (event) => <Who event={event} /> },
                { title: "What happened", cell: (event) => <Sentence text={event.sentence} /> },
                { title: "When", cell: (event) => <When at={event.time} /> },
                {
                  title: "Story",
                  cell: (event) => {
                    const to = storyOf(event);
                    return to === undefined ? null : (
                      <a class="nowrap" href={to} aria-label={`The story of ${whoOf(event)}`}>
                        Tell me more
                      </a>
                    );
                  },
                },
              ]}
            />
          );
        }}
      </Shown>
    </Panel>
  );
}

function Who({ event }: { event: AuditEvent }): JSX.Element {
  return <DeviceText text={whoOf(event)} shown={40} />;
}
