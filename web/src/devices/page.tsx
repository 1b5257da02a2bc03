// SPDX-License-Identifier: Apache-2.0
// Devices: the search for one of a million.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApi } from "../api/context";
import { firstFound } from "../api/paging";
import { usePages, useResource, useRested } from "../api/resource";
import { go, href } from "../app/router";
import { newest, whoOf } from "../audit/events";
import { OutcomeBadge } from "../parts/badge";
import { DeviceText } from "../parts/device_text";
import { Empty, Shown } from "../parts/notices";
import { PageHead, Panel, useTitle } from "../parts/panel";
import { Sentence, storyOf } from "../parts/sentence";
import { PagedTable, Table } from "../parts/table";
import { When } from "../parts/when";
import { type SearchBy, indexQuery, isCertificateId, isOfTrail, isSearchBy, kSearches } from "./search";

const kRest = 300;

export function DevicesPage({ query }: { query: URLSearchParams }): JSX.Element {
  useTitle("Devices");
  const given = query.get("by");
  const by: SearchBy = isSearchBy(given) ? given : "serial";
  const [typed, setTyped] = useState(query.get("q") ?? "");
  const rested = useRested(typed, kRest);
  const address = href("devices", { by, q: rested.trim() });
  const isFirst = useRef(true);

  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else go(address, "replace");
  }, [address]);

  // A link or the way back leads to another search than the one that is typed.
  const asked = query.get("q") ?? "";
  useEffect(() => {
    if (asked !== rested.trim()) setTyped(asked);
  }, [asked]);

  const hint = kSearches.find(([one]) => one === by)?.[2] ?? "";
  return (
    <>
      <PageHead title="Devices" lead="Things in the registry, and devices that tried to become one." />
      <Panel title="Find">
        <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
          <label class="field narrow">
            <span>Search by</span>
            <select value={by} onChange={(event) => go(href("devices", { by: event.currentTarget.value, q: typed.trim() }), "replace")}>
              {kSearches.map(([one, title]) => (
                <option key={one} value={one}>
                  {title}
                </option>
              ))}
            </select>
          </label>
          <label class="field">
            <span>{hint}</span>
            <input type="search" name="q" value={typed} maxLength={256} spellcheck={false} autocomplete="off" onInput={(event) => setTyped(event.currentTarget.value)} />
          </label>
        </form>
      </Panel>
      {rested.trim() !== "" && (by === "serial" || isOfTrail(by)) && <OnRecord by={by} text={rested.trim()} />}
      {!isOfTrail(by) && <Things by={by} text={rested} />}
      {isOfTrail(by) && rested.trim() === "" && <Empty title="What are you looking for?">{hint}.</Empty>}
    </>
  );
}

/** What the audit trail knows: also a device that never became a thing, and why. */
function OnRecord({ by, text }: { by: SearchBy; text: string }): JSX.Element {
  if (by === "certificate" && !isCertificateId(text)) {
    return <Empty title="That is no certificate id yet">It has 64 digits and letters from a to f; {text.length} are there.</Empty>;
  }
  return <Trail by={by} text={by === "certificate" ? text.toLowerCase() : text} />;
}

function Trail({ by, text }: { by: SearchBy; text: string }): JSX.Element {
  const api = useApi();
  const found = useResource(`on record ${by} ${text}`, async (signal) => {
    const filters = by === "serial" ? [{ serialNumber: text }, { clientId: text }] : by === "client" ? [{ clientId: text }] : [{ certificateId: text }];
    const pages = await Promise.all(filters.map((filter) => api.auditEvents(filter, { signal }, 5)));
    return newest(pages.flatMap((page) => page.items), 3);
  });
  return (
    <Panel title="On record under exactly that">
      <Shown of={found} what="the audit trail">
        {(events) => {
          if (events.length === 0) {
            return (
              <Empty title="Nothing">
                No device has reached this server under that {by === "certificate" ? "certificate" : by === "client" ? "client id" : "serial number"}. See that address, port and root CA
                on the device are those of this server.
              </Empty>
            );
          }
          return (
            <Table
              caption="The latest on record"
              rows={events}
              keyOf={(event) => String(event.sequence)}
              columns={[
                {
                  title: "Device",
                  isHeading: true,
                  cell: (event) => {
                    const to = by === "certificate" ? href("device", { certificateId: text }) : storyOf(event);
                    return (
                      <a href={to}>
                        <DeviceText text={whoOf(event)} shown={48} />
                      </a>
                    );
                  },
                },
                { title: "Outcome", cell: (event) => <OutcomeBadge outcome={event.outcome} /> },
                { title: "What happened", cell: (event) => <Sentence text={event.sentence} /> },
                { title: "When", cell: (event) => <When at={event.time} /> },
              ]}
            />
          );
        }}
      </Shown>
    </Panel>
  );
}

function Things({ by, text }: { by: SearchBy; text: string }): JSX.Element {
  const api = useApi();
  const queryString = indexQuery(by, text);
  const pages = usePages(`things ${queryString ?? ""}`, (token, signal) =>
    queryString === undefined ? Promise.resolve({ items: [] }) : firstFound((at) => api.searchThings(queryString, { token: at, signal }), token),
  );
  return (
    <Panel title="In the registry">
      <PagedTable
        pages={pages}
        what="the devices"
        caption="Things in the registry"
        keyOf={(thing) => thing.thingName}
        empty={
          text.trim() === "" ? (
            <Empty title="There is no device yet">Devices appear here as they register through a template.</Empty>
          ) : (
            <Empty title="No thing fits">A device that was refused is no thing: look for it by its serial number or client id.</Empty>
          )
        }
        columns={[
          {
            title: "Thing",
            isHeading: true,
            cell: (thing) => (
              <a href={href("device", { thingName: thing.thingName })}>
                <DeviceText text={thing.thingName} shown={64} />
              </a>
            ),
          },
          { title: "Type", cell: (thing) => (thing.thingTypeName === undefined ? <span class="quiet">none</span> : <DeviceText text={thing.thingTypeName} />) },
          { title: "Groups", cell: (thing) => (thing.thingGroupNames.length === 0 ? <span class="quiet">none</span> : <DeviceText text={thing.thingGroupNames.join(", ")} />) },
          { title: "Attributes", isMinor: true, cell: (thing) => <Attributes of={thing.attributes} /> },
        ]}
      />
    </Panel>
  );
}

function Attributes({ of }: { of: Record<string, string> }): JSX.Element {
  const text = Object.entries(of)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  return text === "" ? <span class="quiet">none</span> : <DeviceText text={text} shown={80} />;
}
