// SPDX-License-Identifier: Apache-2.0

/** Part of a text: shown unchanged, or, if `name` is set, an invisible character and what to show for it. */
export interface Segment {
  text: string;
  name?: string;
}

// Controls, marks that change the direction of text, characters of no width, line and paragraph separators, tags.
const kShapeless = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u115f\u1160\u3164\uffa0]/u;

const kLayout = new Set(["\n", "\t"]);

/**
 * Splits a text at characters that are invisible or would affect the text around them.
 * @param isDocument whether line breaks and tabs are layout, as in a template's body.
 */
export function segments(text: string, isDocument = false): Segment[] {
  const out: Segment[] = [];
  let plain = "";
  for (const character of text) {
    if (!kShapeless.test(character) || (isDocument && kLayout.has(character))) {
      plain += character;
      continue;
    }
    if (plain !== "") out.push({ text: plain });
    plain = "";
    out.push({ text: character, name: codePointName(character) });
  }
  if (plain !== "") out.push({ text: plain });
  return out;
}

function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The first `most` whole characters. */
export function clipped(text: string, most: number): string {
  if (text.length <= most) return text;
  const characters = Array.from(text);
  return characters.length <= most ? text : characters.slice(0, most).join("");
}
