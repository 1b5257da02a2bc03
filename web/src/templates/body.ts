// SPDX-License-Identifier: Apache-2.0
// Facts that follow from a template's text alone; its meaning is the server's matter.
import { diffLines } from "diff";

export interface Parameter {
  name: string;
  fallback?: string;
}

/** The parameters that a device sends; the server supplies those of certificates (AWS::IoT::Certificate::...). */
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

/** Formats JSON line by line, so that versions can be compared; other text is unchanged. */
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

/** A line diff of two texts; long equal stretches are skipped except for their ends. */
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
  return n === 1 ? "1 unchanged line" : `${n} unchanged lines`;
}
