// SPDX-License-Identifier: Apache-2.0
// What can be told from a template's text here; what it means, the server says.
import { diffLines } from "diff";

export interface Parameter {
  name: string;
  fallback?: string;
}

/** The parameters that a device sends; what certificates bring (AWS::IoT::Certificate::...) is the server's. */
export function parametersOf(body: string): Parameter[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return [];
  }
  const declared = (parsed as { Parameters?: unknown } | null)?.Parameters;
  if (typeof declared !== "object" || declared === null) return [];
  return Object.entries(declared)
    .filter(([name]) => !name.startsWith("AWS::IoT::"))
    .map(([name, about]) => {
      const fallback = (about as { Default?: unknown } | null)?.Default;
      return { name, ...(typeof fallback === "string" ? { fallback } : {}) };
    });
}

/** JSON laid out line by line, so that versions can be compared; other text as it is. */
export function laidOut(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

export interface DiffLine {
  is: "same" | "added" | "removed" | "skipped";
  text: string;
}

const kContext = 3;

/** The lines of two texts side by side; long stretches that are the same in both are skipped but for their ends. */
export function diffOf(before: string, after: string): DiffLine[] {
  const all = diffLines(before, after).flatMap((part): DiffLine[] => {
    const is = part.added ? "added" : part.removed ? "removed" : "same";
    return part.value.replace(/\n$/, "").split("\n").map((text) => ({ is, text }));
  });
  const isNear = all.map((_, i) => all.slice(Math.max(0, i - kContext), i + kContext + 1).some((line) => line.is !== "same"));
  const out: DiffLine[] = [];
  let skipped = 0;
  all.forEach((line, i) => {
    if (!isNear[i]) {
      skipped += 1;
      return;
    }
    if (skipped > 0) out.push({ is: "skipped", text: linesInWords(skipped) });
    skipped = 0;
    out.push(line);
  });
  if (skipped > 0 && out.length > 0) out.push({ is: "skipped", text: linesInWords(skipped) });
  return out;
}

function linesInWords(n: number): string {
  return n === 1 ? "1 line is the same" : `${n} lines are the same`;
}
