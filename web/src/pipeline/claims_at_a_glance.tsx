// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useApi } from "../api/context";
import { useFollowing, useResource } from "../api/resource";
import { href } from "../app/router";
import { ClaimBadge, Devices } from "../claims/claim_words";
import { DeviceText } from "../parts/device_text";
import { ClaimLink } from "../parts/links";
import { Empty, Shown } from "../parts/notices";
import { Panel } from "../parts/panel";
import { Table } from "../parts/table";

const kShown = 6;
const kReread = 5_000;

/** The claims with their remaining budgets; frozen ones first. */
export function ClaimsAtAGlance(): JSX.Element {
  const api = useApi();
  const claims = useResource("claims at a glance", (signal) => api.claims({ signal }));
  useFollowing(claims.reload, kReread, "pipeline", "alarms");
  return (
    <Panel title="Claims" aside={<a href={href("claims")}>All claims</a>}>
      <Shown of={claims} what="the claims">
        {({ items, next }) => {
          const rows = [...items].sort((a, b) => Number(b.frozen !== undefined) - Number(a.frozen !== undefined)).slice(0, kShown);
          if (rows.length === 0) {
            return (
              <Empty title="There are no claims with a budget">
                <code>imprint claim create</code> creates one for new devices.
              </Empty>
            );
          }
          return (
            <>
              <Table
                caption="Claims and what is left of their budgets"
                rows={rows}
                keyOf={(claim) => claim.certificateId}
                columns={[
                  { title: "Claim", isHeading: true, cell: (claim) => <ClaimLink id={claim.certificateId} /> },
                  { title: "For", cell: (claim) => <DeviceText text={(claim.budget.templateNames ?? []).join(", ") || "any template"} /> },
                  { title: "Devices", cell: (claim) => <Devices claim={claim} /> },
                  { title: "State", cell: (claim) => <ClaimBadge claim={claim} /> },
                ]}
              />
              {items.length > rows.length && (
                <p class="quiet">
                  {rows.length} of {next === undefined ? `${items.length} claims` : `the first ${items.length} claims; there are more`}, the frozen ones first.
                </p>
              )}
            </>
          );
        }}
      </Shown>
    </Panel>
  );
}
