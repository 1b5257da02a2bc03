// SPDX-License-Identifier: Apache-2.0
// What is typed into the search for devices, as a query of the index.

export type SearchBy = "serial" | "thing" | "certificate" | "type" | "group" | "client" | "query";

export const kSearches: [SearchBy, string, string][] = [
  ["serial", "Serial number", "The whole serial number, or a part of the thing's name"],
  ["thing", "Thing name", "What the name begins with"],
  ["certificate", "Certificate id", "All 64 digits"],
  ["client", "Client id", "The whole client id, also of a device that was refused"],
  ["type", "Type", "What the thing type begins with"],
  ["group", "Group", "What the group's name begins with"],
  ["query", "Index query", "attributes.firmwareVersion:1.* AND thingTypeName:SmartSensor"],
];

export function isSearchBy(text: string | null): text is SearchBy {
  return kSearches.some(([by]) => by === text);
}

/** The index knows no certificates, and no devices that were refused: those are asked of the audit trail. */
export function isOfTrail(by: SearchBy): boolean {
  return by === "certificate" || by === "client";
}

export function isCertificateId(text: string): boolean {
  return /^[0-9a-f]{64}$/i.test(text);
}

/**
 * The query for SearchIndex; undefined when there is nothing to ask for. What is typed stands for itself: whatever the query
 * language makes something of is taken as text.
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

/** Outside of names there is nothing to find by them: what no name can hold stands for any one character. */
function literal(text: string): string {
  return text.replace(/[^A-Za-z0-9_]/g, (character) => (/[-.@/]/.test(character) ? character : "?"));
}
