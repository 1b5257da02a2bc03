// SPDX-License-Identifier: Apache-2.0
// Devices: search among up to millions.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApi } from "../api/context";
import { firstFound } from "../api/paging";
import { usePages, useResource, useRested } from "../api/resource";
import { go, href } from "../app/router";
import { decisiveFirst } from "../audit/events";
import { DeviceOf } from "../audit/table";
import { OutcomeBadge } from "../parts/badge";
import { CertificateLink, Maybe, ThingLink } from "../parts/links";
import { Empty, Shown } from "../parts/notices";
import { PageHead, Panel } from "../parts/panel";
import { Sentence } from "../parts/sentence";
import { PagedTable, Table } from "../parts/table";
import { When } from "../parts/when";
import { type SearchBy, indexQuery, isCertificateId, isSearchBy, kSearches, searchesAuditTrail } from "./search";

const kRest = 300;
const kMostOnRecord = 3;
const kNamedBy = {
  serial: { member: "serialNumber", inWords: "serial number" },
  client: { member: "clientId", inWords: "client id" },
  certificate: { member: "certificateId", inWords: "certificate" },
};

export function DevicesPage({ query }: { query: URLSearchParams }): JSX.Element {
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

  // A link or Back may lead to a different search from the one typed.
  const asked = query.get("q") ?? "";
  useEffect(() => {
    if (asked !== rested.trim()) setTyped(asked);
  }, [asked]);

  const hint = kSearches.find(([one]) => one === by)?.[2] ?? "";
  return (
    <>
      <PageHead title="Devices" lead="Things in the registry, and devices that tried to register." />
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
      {rested.trim() !== "" && (by === "serial" || searchesAuditTrail(by)) && <OnRecord by={by} text={rested.trim()} />}
      {!searchesAuditTrail(by) && <Things by={by} text={rested} />}
      {searchesAuditTrail(by) && rested.trim() === "" && (
        <Panel title="Exact matches in the audit trail">
          <Empty title="What are you looking for?">{hint}.</Empty>
        </Panel>
      )}
    </>
  );
}

/** What the audit trail has about a device, even if it never registered, and why. */
function OnRecord({ by, text }: { by: SearchBy; text: string }): JSX.Element {
  if (by === "certificate" && !isCertificateId(text)) {
    return (
      <Panel title="Exact matches in the audit trail">
        <Empty title="This is not a complete certificate id">An id has 64 digits and letters from a to f; you have typed {text.length}.</Empty>
      </Panel>
    );
  }
  return <Trail by={by} text={by === "certificate" ? text.toLowerCase() : text} />;
}

function Trail({ by, text }: { by: SearchBy; text: string }): JSX.Element {
  const api = useApi();
  const { member, inWords } = kNamedBy[by === "certificate" || by === "client" ? by : "serial"];
  const story = useResource(`on record ${by} ${text}`, (signal) => api.explain({ [member]: text }, signal));
  return (
    <Panel title="Exact matches in the audit trail">
      <Shown of={story} what="the recorded events">
        {({ events }) =>
          events.length === 0 ? (
            <Empty title="Nothing">
              No device has reached this server under that {inWords}. Check that the device has this server's address, port and root CA.
            </Empty>
          ) : (
            <Table
              caption="Latest recorded events"
              rows={decisiveFirst(events).slice(0, kMostOnRecord)}
              keyOf={(event) => String(event.sequence)}
              columns={[
                {
                  title: "Device",
                  isHeading: true,
                  cell: (event) => (by === "certificate" ? <CertificateLink id={text} /> : <DeviceOf event={event} />),
                },
                { title: "Outcome", cell: (event) => <OutcomeBadge outcome={event.outcome} /> },
                { title: "What happened", cell: (event) => <Sentence text={event.sentence} /> },
                { title: "When", cell: (event) => <When at={event.time} /> },
              ]}
            />
          )
        }
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
            <Empty title="There are no devices yet">Devices appear here as they register through a template.</Empty>
          ) : (
            <Empty title="No thing matches">A refused device is not in the registry: search for its serial number or client id.</Empty>
          )
        }
        columns={[
          { title: "Thing", isHeading: true, cell: (thing) => <ThingLink name={thing.thingName} /> },
          { title: "Type", cell: (thing) => <Maybe text={thing.thingTypeName} /> },
          { title: "Groups", cell: (thing) => <Maybe text={thing.thingGroupNames.join(", ")} /> },
          { title: "Attributes", isMinor: true, cell: (thing) => <Maybe text={attributesInWords(thing.attributes)} /> },
        ]}
      />
    </Panel>
  );
}

function attributesInWords(attributes: Record<string, string>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}
