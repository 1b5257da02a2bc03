// SPDX-License-Identifier: Apache-2.0
// Rotation: which certificates end, when, and letting their devices come for new ones.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { mayChange, useApi, useSigned } from "../api/context";
import { usePages, useResource } from "../api/resource";
import type { ExpiringCertificate } from "../api/shapes";
import { href } from "../app/router";
import { Rotate } from "../devices/actions";
import { StatusBadge } from "../parts/badge";
import { DeviceText, Fingerprint } from "../parts/device_text";
import * as format from "../parts/format";
import { Empty, Shown } from "../parts/notices";
import { Choice, PageHead, Panel, useTitle } from "../parts/panel";
import { type Column, PagedTable } from "../parts/table";
import { When } from "../parts/when";

type Window = "7" | "30" | "90" | "365";
const kWindows: [Window, string][] = [
  ["7", "7 days"],
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "1 year"],
];

export function RotationPage(): JSX.Element {
  useTitle("Rotation");
  return (
    <>
      <PageHead title="Rotation" lead="A device needs a new certificate before the one it has ends." />
      <Expiry />
    </>
  );
}

function Expiry(): JSX.Element {
  const { api } = useSigned();
  const [days, setDays] = useState<Window>("90");
  const counts = useResource("expiry counts", async (signal) => (await api.expiringCertificates(365, { signal }, 1)).counts ?? []);
  return (
    <>
      <Shown of={counts} what="how many certificates end">
        {(all) => (
          <div class="figures" role="group" aria-label="Active certificates that end">
            {all.map((one) => (
              <div key={one.days} class={`figure ${one.certificates > 0 && one.days <= 30 ? "bad" : "plain"}`}>
                <h2>Within {format.duration(one.days * 86_400)}</h2>
                <p class="figure-value">
                  {format.count(one.certificates)}
                  {one.atLeast === true && "+"}
                </p>
                <p class="figure-note">active certificates end</p>
              </div>
            ))}
          </div>
        )}
      </Shown>
      <Panel title="Soonest first" aside={<Choice label="Ends within" options={kWindows} chosen={days} choose={setDays} />}>
        <ExpiringTable days={Number(days)} />
      </Panel>
    </>
  );
}

function ExpiringTable({ days }: { days: number }): JSX.Element {
  const api = useApi();
  const { session } = useSigned();
  const [asked, ask] = useState<string | undefined>();
  const pages = usePages<ExpiringCertificate>(`expiring ${days}`, (token, signal) => api.expiringCertificates(days, { token, signal }));
  const columns: Column<ExpiringCertificate>[] = [
    {
      title: "Device",
      isHeading: true,
      cell: (one) =>
        one.thingName === undefined ? (
          <span class="quiet">no thing</span>
        ) : (
          <a href={href("device", { thingName: one.thingName })}>
            <DeviceText text={one.thingName} shown={64} />
          </a>
        ),
    },
    {
      title: "Certificate",
      cell: (one) => (
        <a href={href("device", { certificateId: one.certificateId })}>
          <Fingerprint id={one.certificateId} />
        </a>
      ),
    },
    { title: "State", cell: (one) => <StatusBadge status={one.status} /> },
    { title: "Ends", cell: (one) => <><When at={one.notAfter} /> <span class="quiet">{format.date(one.notAfter)}</span></> },
  ];
  if (mayChange(session)) {
    columns.push({
      title: "Action",
      cell: (one) => {
        const thing = one.thingName;
        return thing === undefined ? null : (
          <button type="button" onClick={() => ask(thing)} aria-label={`Let ${thing} register with another key`}>
            Rotate its key
          </button>
        );
      },
    });
  }
  return (
    <>
      <PagedTable
        pages={pages}
        what="the certificates"
        caption="Certificates by when they end"
        keyOf={(one) => one.certificateId}
        empty={<Empty title={`No active certificate ends within ${format.duration(days * 86_400)}`}>There is nothing to do.</Empty>}
        columns={columns}
      />
      {asked !== undefined && <Rotate thing={asked} close={() => ask(undefined)} />}
    </>
  );
}
