// SPDX-License-Identifier: Apache-2.0
// Turns the text typed into the device search into an index query.

export type SearchBy = "serial" | "thing" | "certificate" | "type" | "group" | "client" | "query";

export const kSearches: [SearchBy, string, string][] = [
  ["serial", "Serial number", "The whole serial number, or part of the thing's name"],
  ["thing", "Thing name", "The beginning of the name"],
  ["certificate", "Certificate id", "All 64 digits"],
  ["client", "Client id", "The whole client id, even of a refused device"],
  ["type", "Type", "The beginning of the thing type"],
  ["group", "Group", "The beginning of the group's name"],
  ["query", "Index query", "attributes.firmwareVersion:1.* AND thingTypeName:SmartSensor"],
];

export function isSearchBy(text: string | null): text is SearchBy {
  return kSearches.some(([by]) => by === text);
}

/** The index contains no certificates and no refused devices: those are searched for in the audit trail. */
export function searchesAuditTrail(by: SearchBy): boolean {
  return by === "certificate" || by === "client";
}

export function isCertificateId(text: string): boolean {
  return /^[0-9a-f]{64}$/i.test(text);
}

/**
 * The query for SearchIndex; undefined if there is nothing to search for. Except for `query`, typed text is literal: characters
 * that are special in the query language are replaced by wildcards.
 */
export function indexQuery(by: SearchBy, typed: string): string | undefined {
  const text = typed.trim();
  if (text === "") return by === "query" ? undefined : "thingName:*";
  const word = literal(text);
  switch (by) {
    case "thing":
      return `thingName:${word}*`;
    case "type":
      return `thingTypeName:${word}*`;
    case "group":
      return `thingGroupNames:${word}*`;
    case "serial":
      return `thingName:*${word}*`;
    case "query":
      return text;
    default:
      return undefined;
  }
}

/** Characters that no name can contain cannot match, so each is replaced by the wildcard for one character. */
function literal(text: string): string {
  return text.replace(/[^A-Za-z0-9_]/g, (character) => (/[-.@/]/.test(character) ? character : "?"));
}
