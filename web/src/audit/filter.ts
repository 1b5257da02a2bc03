// SPDX-License-Identifier: Apache-2.0
// The filter of the audit page, as stored in the address.
import type { AuditFilter } from "../api/api";
import type { Query } from "../api/client";
import { isCertificateId } from "../devices/search";

export type FilterField = keyof AuditFilter;

interface Field {
  name: FilterField;
  title: string;
  kind: "text" | "time";
  options?: [string, string][];
}

const kOutcomes = ["ok", "rejected", "denied", "failed", "timed_out", "lost", "raised", "resolved", "closed"];

export const kFields: Field[] = [
  { name: "serialNumber", title: "Serial number", kind: "text" },
  { name: "thingName", title: "Thing", kind: "text" },
  { name: "clientId", title: "Client id", kind: "text" },
  { name: "certificateId", title: "Certificate id, all 64 digits", kind: "text" },
  { name: "step", title: "Step, such as register_thing", kind: "text" },
  { name: "outcome", title: "Outcome", kind: "text", options: kOutcomes.map((one) => [one, one.replace(/_/g, " ")]) },
  { name: "correlationId", title: "Connection", kind: "text" },
  { name: "from", title: "From", kind: "time" },
  { name: "until", title: "Until", kind: "time" },
];

/** The filters in the address, by name, as typed. */
export function queryOf(query: URLSearchParams): Query {
  return Object.fromEntries(kFields.map(({ name }) => [name, query.get(name) ?? ""]));
}

/** The server's query: typed values without surrounding space, times in seconds. */
export function filterOf(query: URLSearchParams): AuditFilter {
  const filter: Record<string, string | number> = {};
  for (const { name, kind } of kFields) {
    const text = (query.get(name) ?? "").trim();
    if (text === "" || (name === "certificateId" && !isCertificateId(text))) continue;
    if (kind === "text") {
      filter[name] = text;
      continue;
    }
    const time = Date.parse(text);
    if (!Number.isNaN(time)) filter[name] = Math.floor(time / 1000);
  }
  return filter as AuditFilter;
}
