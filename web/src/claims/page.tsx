// SPDX-License-Identifier: Apache-2.0
// Claims with their budgets, and the lists of manufactured units.
import type { JSX } from "preact";
import { useApi } from "../api/context";
import { useFollowing, usePages } from "../api/resource";
import { href } from "../app/router";
import { DeviceText } from "../parts/device_text";
import { ClaimLink, Maybe } from "../parts/links";
import { Empty } from "../parts/notices";
import { PageHead, Panel } from "../parts/panel";
import { PagedTable } from "../parts/table";
import { When } from "../parts/when";
import { ClaimBadge, Devices, rulesOf } from "./claim_words";

const kReread = 5_000;

export function ClaimsPage(): JSX.Element {
  return (
    <>
      <PageHead title="Claims and batches" lead="Certificates that devices carry before they have their own identity, and lists of manufactured units." />
      <Claims />
      <Batches />
    </>
  );
}

function Claims(): JSX.Element {
  const api = useApi();
  const pages = usePages("claims", (token, signal) => api.claims({ token, signal }));
  useFollowing(pages.reload, kReread, "pipeline", "alarms");
  return (
    <Panel title="Claims">
      <PagedTable
        pages={pages}
        what="the claims"
        caption="Claims with their budgets"
        keyOf={(claim) => claim.certificateId}
        empty={
          <Empty title="There are no claims with a budget">
            A claim is one certificate for a whole batch: <code>imprint claim create DIR --template NAME --out FOLDER --max-devices 100</code>.
          </Empty>
        }
        columns={[
          { title: "Claim", isHeading: true, cell: (claim) => <ClaimLink id={claim.certificateId} /> },
          { title: "State", cell: (claim) => <ClaimBadge claim={claim} /> },
          { title: "For templates", cell: (claim) => <DeviceText text={(claim.budget.templateNames ?? []).join(", ") || "any that its policy allows"} /> },
          { title: "Devices", cell: (claim) => <Devices claim={claim} /> },
          {
            title: "Rules",
            isMinor: true,
            cell: (claim) => <DeviceText text={rulesOf(claim.budget).slice(claim.budget.maxDevices === undefined ? 0 : 1).map(([name, value]) => `${name.toLowerCase()} ${value}`).join("; ") || "none"} />,
          },
          { title: "Last used", cell: (claim) => (claim.lastUse === undefined ? <span class="quiet">never</span> : <When at={claim.lastUse} />) },
          { title: "Ends", isMinor: true, cell: (claim) => <When at={claim.expiration} /> },
        ]}
      />
    </Panel>
  );
}

function Batches(): JSX.Element {
  const api = useApi();
  const pages = usePages("batches", (token, signal) => api.lists({ token, signal }));
  return (
    <Panel title="Batches: lists of manufactured units">
      <PagedTable
        pages={pages}
        what="the lists"
        caption="Manufacturing lists"
        keyOf={(list) => list.listName}
        empty={
          <Empty title="There are no lists of units">
            With a list, only units that were really made are admitted: <code>imprint list create DIR NAME</code>, then{" "}
            <code>imprint list import DIR NAME FILE.csv</code>.
          </Empty>
        }
        columns={[
          {
            title: "List",
            isHeading: true,
            cell: (list) => (
              <a href={href("batch", { name: list.listName })}>
                <DeviceText text={list.listName} />
              </a>
            ),
          },
          { title: "Description", cell: (list) => <Maybe text={list.description} /> },
          { title: "Made", cell: (list) => <When at={list.creationDate} /> },
          { title: "Changed", cell: (list) => <When at={list.lastModifiedDate} /> },
        ]}
      />
    </Panel>
  );
}
