// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useApi } from "../api/context";
import { useFollowingSteps, useResource } from "../api/resource";
import type { FailureCategory } from "../api/shapes";
import { href } from "../app/router";
import { isRefused, reasonsOf } from "../audit/events";
import { DeviceOf } from "../audit/table";
import * as format from "../parts/format";
import { Empty, Shown } from "../parts/notices";
import { Panel } from "../parts/panel";
import { Sentence } from "../parts/sentence";
import { Table } from "../parts/table";
import { When } from "../parts/when";
import { titleOf } from "./series";

const kShown = 5;
const kRead = 50;
const kReread = 3_000;

/** The latest refusals: one row for each reason, with the last device and a link to all of them. */
export function RecentRefusals({ known }: { known: FailureCategory[] }): JSX.Element {
  const api = useApi();
  const refusals = useResource("recent refusals", (signal) => api.refusals("", { signal }, kRead));
  useFollowingSteps(refusals.reload, kReread, isRefused);
  return (
    <Panel title="Refused most recently" aside={<a href={href("refusals")}>All refusals</a>}>
      <Shown of={refusals} what="the refusals">
        {({ items, next }) =>
          items.length === 0 ? (
            <Empty title="No device was refused" />
          ) : (
            <Table
              caption={`Reasons of the ${next === undefined ? "refusals" : `last ${items.length} refusals`}`}
              rows={reasonsOf(items).slice(0, kShown)}
              keyOf={(reason) => reason.category}
              columns={[
                {
                  title: "Reason",
                  isHeading: true,
                  cell: ({ category, newest }) => (
                    <div class="event">
                      <strong>{titleOf(category, known)}</strong>
                      <details>
                        <summary aria-label={`Answer to the last device: ${titleOf(category, known)}`}>Details</summary>
                        <Sentence text={newest.sentence} />
                      </details>
                    </div>
                  ),
                },
                { title: next === undefined ? "Requests" : `Of the last ${items.length}`, isNumber: true, cell: ({ count }) => format.count(count) },
                { title: "Last device", cell: ({ newest }) => <DeviceOf event={newest} /> },
                { title: "When", cell: ({ newest }) => <When at={newest.time} /> },
                {
                  title: "Devices",
                  cell: ({ category }) => (
                    <a class="nowrap" href={href("refusals", { category })} aria-label={`Show the refusals for: ${titleOf(category, known)}`}>
                      Show all
                    </a>
                  ),
                },
              ]}
            />
          )
        }
      </Shown>
    </Panel>
  );
}
