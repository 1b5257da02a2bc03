// SPDX-License-Identifier: Apache-2.0
// Rotation: which certificates expire and when, and permitting their devices to register again.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApi, useMay } from "../api/context";
import { usePages, useResource } from "../api/resource";
import type { ExpiringCertificate } from "../api/shapes";
import { Rotate } from "../devices/actions";
import { StatusBadge } from "../parts/badge";
import * as format from "../parts/format";
import { CertificateLink, ThingLink } from "../parts/links";
import { Empty, Shown } from "../parts/notices";
import { Choice, Figure, PageHead, Panel } from "../parts/panel";
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
  return (
    <>
      <PageHead title="Rotation" lead="A device needs a new certificate before its current one expires." />
      <Expiry />
    </>
  );
}

function Expiry(): JSX.Element {
  const api = useApi();
  const [days, setDays] = useState<Window>("90");
  const counts = useResource("expiry counts", async (signal) => (await api.expiringCertificates(365, { signal }, 1)).counts ?? []);
  return (
    <>
      <Shown of={counts} what="the number of expiring certificates">
        {(all) => (
          <div class="figures" role="group" aria-label="Expiring active certificates">
            {all.map((one) => (
              <Figure
                key={one.days}
                title={`Within ${format.duration(one.days * 86_400)}`}
                value={`${format.count(one.certificates)}${one.atLeast === true ? "+" : ""}`}
                note="active certificates expire"
                tone={one.certificates > 0 && one.days <= 30 ? "bad" : "plain"}
              />
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
  const mayChange = useMay("change");
  const [asked, ask] = useState<string | undefined>();
  const [allowed, allow] = useState<{ thing: string; until: number } | undefined>();
  const pages = usePages<ExpiringCertificate>(`expiring ${days}`, (token, signal) => api.expiringCertificates(days, { token, signal }));
  const columns: Column<ExpiringCertificate>[] = [
    {
      title: "Device",
      isHeading: true,
      cell: (one) =>
        one.thingName === undefined ? (
          <span class="quiet">no thing</span>
        ) : (
          <ThingLink name={one.thingName} />
        ),
    },
    {
      title: "Certificate",
      cell: (one) => <CertificateLink id={one.certificateId} />,
    },
    { title: "State", cell: (one) => <StatusBadge status={one.status} /> },
    { title: "Ends", cell: (one) => <><When at={one.notAfter} /> <span class="quiet">{format.date(one.notAfter)}</span></> },
  ];
  if (mayChange) {
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
      <div role="status">
        {allowed !== undefined && (
          <div class="notice good">
            <p>
              <ThingLink name={allowed.thing} /> may register with another key until {format.timestamp(allowed.until)}; you can withdraw this on its page.
            </p>
          </div>
        )}
      </div>
      <PagedTable
        pages={pages}
        what="the certificates"
        caption="Certificates by expiry date"
        keyOf={(one) => one.certificateId}
        empty={<Empty title={`No active certificate expires within ${format.duration(days * 86_400)}`}>There is nothing to do.</Empty>}
        columns={columns}
      />
      {asked !== undefined && <Rotate thing={asked} close={() => ask(undefined)} allowed={(until) => allow({ thing: asked, until })} />}
    </>
  );
}
