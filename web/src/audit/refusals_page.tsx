// SPDX-License-Identifier: Apache-2.0
// Refusals: every refused device, by reason.
import type { JSX } from "preact";
import { useApi } from "../api/context";
import { usePages, useResource } from "../api/resource";
import { go, href } from "../app/router";
import { Empty } from "../parts/notices";
import { PageHead, Panel } from "../parts/panel";
import { titleOf } from "../pipeline/series";
import { categoryOf } from "./events";
import { Newer } from "./newer";
import { AuditTable } from "./table";

export function RefusalsPage({ query }: { query: URLSearchParams }): JSX.Element {
  return (
    <>
      <PageHead title="Refusals" lead="Devices that were refused, and why. Newest first." />
      <Refusals category={query.get("category") ?? ""} />
    </>
  );
}

function Refusals({ category }: { category: string }): JSX.Element {
  const api = useApi();
  const reasons = useResource("reasons", (signal) => api.pipeline("month", signal));
  const known = reasons.value?.categories ?? [];
  const pages = usePages(`refusals ${category}`, (token, signal) => api.refusals(category, { token, signal }));
  const listed = new Set([category, ...known.map((one) => one.category)].filter((one) => one !== ""));
  const remedy = known.find((one) => one.category === category)?.remedy;
  return (
    <Panel title={category === "" ? "For any reason" : titleOf(category, known)}>
      <form class="search" role="search" aria-label="Filter refusals" onSubmit={(event) => event.preventDefault()}>
        <label class="field">
          <span>Reason</span>
          <select value={category} onChange={(event) => go(href("refusals", { category: event.currentTarget.value }), "replace")}>
            <option value="">any</option>
            {[...listed].map((one) => (
              <option key={one} value={one}>
                {titleOf(one, known)}
              </option>
            ))}
          </select>
        </label>
      </form>
      {remedy !== undefined && (
        <p>
          <strong>What to do: </strong>
          {remedy}
        </p>
      )}
      <Newer key={category} pages={pages} judge={(event) => (categoryOf(event) !== "" && (category === "" || categoryOf(event) === category) ? "yes" : "no")} />
      <AuditTable
        pages={pages}
        what="the refusals"
        caption="Refusals"
        empty={<Empty title="No device was refused">{category !== "" && "No refusal for this reason is recorded."}</Empty>}
      />
    </Panel>
  );
}
