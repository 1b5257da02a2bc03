// SPDX-License-Identifier: Apache-2.0
// Audit: every event, and whether the trail is intact.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AuditFilter } from "../api/api";
import { messageOf } from "../api/client";
import { useApi } from "../api/context";
import { firstFound } from "../api/paging";
import { usePages, useResource, useRested } from "../api/resource";
import type { TrailCheck } from "../api/shapes";
import { go, href } from "../app/router";
import * as format from "../parts/format";
import { Empty, Shown } from "../parts/notices";
import { Facts, PageHead, Panel } from "../parts/panel";
import { Table } from "../parts/table";
import { type FilterField, filterOf, kFields, queryOf } from "./filter";
import { Newer } from "./newer";
import { AuditTable } from "./table";

const kRest = 350;

export function AuditPage({ query }: { query: URLSearchParams }): JSX.Element {
  return (
    <>
      <PageHead title="Audit" lead="Every step of every device and every change by an operator. Newest first." />
      <Events query={query} />
      <Trail />
    </>
  );
}

function Events({ query }: { query: URLSearchParams }): JSX.Element {
  const api = useApi();
  const filter = useRested(JSON.stringify(filterOf(query)), kRest);
  const pages = usePages(`audit ${filter}`, (token, signal) =>
    firstFound((at) => api.auditEvents(JSON.parse(filter) as AuditFilter, { token: at, signal }), token),
  );
  const set = (field: FilterField, value: string): void => go(href("audit", { ...queryOf(query), [field]: value }), "replace");
  const isFiltered = Object.keys(filterOf(query)).length > 0;
  return (
    <Panel
      title="Events"
      aside={
        isFiltered && (
          <button type="button" onClick={() => go(href("audit"), "replace")}>
            Clear the filter
          </button>
        )
      }
    >
      <form class="filters" role="search" aria-label="Filter events" onSubmit={(event) => event.preventDefault()}>
        {kFields.map(({ name, title, kind, options }) => (
          <label key={name} class="field">
            <span>{title}</span>
            {options !== undefined ? (
              <select value={query.get(name) ?? ""} onChange={(event) => set(name, event.currentTarget.value)}>
                <option value="">any</option>
                {options.map(([value, text]) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
            ) : (
              <input
                type={kind === "time" ? "datetime-local" : "search"}
                value={query.get(name) ?? ""}
                maxLength={256}
                spellcheck={false}
                onInput={(event) => set(name, event.currentTarget.value)}
              />
            )}
          </label>
        ))}
      </form>
      <Newer key={filter} pages={pages} judge={() => (isFiltered ? "maybe" : "yes")} />
      <AuditTable
        pages={pages}
        what="the audit trail"
        caption="Audit events"
        empty={
          <Empty title={isFiltered ? "No recorded event matches" : "No events are recorded yet"}>
            {isFiltered && "A device that was refused before it sent its serial number is listed under its client id."}
          </Empty>
        }
      />
    </Panel>
  );
}

/** The trail itself: its length, and whether every event's hash follows from the previous one. */
function Trail(): JSX.Element {
  const api = useApi();
  const trail = useResource("trail", (signal) => api.trail(signal));
  const [check, setCheck] = useState<{ result?: TrailCheck; problem?: string; isBusy: boolean }>({ isBusy: false });
  const verify = async (): Promise<void> => {
    setCheck({ isBusy: true });
    try {
      setCheck({ result: await api.verifyTrail(), isBusy: false });
    } catch (error) {
      setCheck({ problem: messageOf(error), isBusy: false });
    }
  };
  return (
    <Panel
      title="Integrity of the trail"
      aside={
        <button type="button" onClick={() => void verify()} disabled={check.isBusy}>
          {check.isBusy ? "Verifying…" : "Verify"}
        </button>
      }
    >
      <div aria-live="polite">
        {check.problem !== undefined && (
          <div class="notice failure">
            <p class="notice-title">It could not be verified</p>
            <p>{check.problem}</p>
          </div>
        )}
        {check.result !== undefined && <CheckResult result={check.result} />}
      </div>
      <Shown of={trail} what="the trail">
        {(value) => (
          <>
            <Facts
              of={[
                ["Events here", format.count(value.events)],
                ["First and last", `#${value.first} to #${value.last}`],
                ["Hash of the last event", <code class="wrap">{value.head}</code>],
              ]}
            />
            {value.archive.length > 0 && (
              <Table
                caption="The files of the archive"
                rows={value.archive}
                keyOf={(file) => file.file}
                columns={[
                  { title: "Archive file", isHeading: true, cell: (file) => <code>{file.file}</code> },
                  { title: "Events", cell: (file) => `#${file.first} to #${file.last}` },
                  { title: "Size", isNumber: true, cell: (file) => format.bytes(file.bytes) },
                ]}
              />
            )}
          </>
        )}
      </Shown>
    </Panel>
  );
}

function CheckResult({ result }: { result: TrailCheck }): JSX.Element {
  if (result.intact) {
    return (
      <div class="notice good">
        <p class="notice-title">Intact</p>
        <p>
          {format.count(result.checked)} events, #{result.first} to #{result.last}, form an unbroken hash chain. To verify the archive as well:{" "}
          <code>imprint audit verify</code>.
        </p>
      </div>
    );
  }
  return (
    <div class="notice failure">
      <p class="notice-title">The trail was changed</p>
      <p>{result.problem}</p>
      <p>
        Preserve the store and its backups as they are, and find out who could write to them. <code>imprint audit verify</code> shows where the change begins.
      </p>
    </div>
  );
}
