// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { clipped, segments } from "./foreign_text";

/** The number of characters of a value that are shown before it is expanded. */
const kShown = 120;

/**
 * Text chosen by a device or the holder of its claim: always text, never markup, and isolated from the direction of the text
 * around it. Invisible characters are shown by name; long text is cut and can be expanded.
 */
export function DeviceText({ text, shown = kShown, isDocument = false }: { text: string; shown?: number; isDocument?: boolean }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const cut = isWhole ? text : clipped(text, shown);
  const isCut = cut !== text;
  return (
    <span class="device-text">
      <bdi>
        {segments(cut, isDocument).map((segment) =>
          segment.name === undefined ? (
            segment.text
          ) : (
            <span class="control" title={`the invisible character ${segment.name}`}>
              {segment.name}
            </span>
          ),
        )}
        {isCut && "…"}
      </bdi>
      {(isCut || isWhole) && text.length > shown && (
        <button type="button" class="link more" onClick={() => setWhole(!isWhole)} aria-expanded={isWhole}>
          {isWhole ? "show less" : `show all ${Array.from(text).length} characters`}
        </button>
      )}
    </span>
  );
}

/** A certificate's id: its first digits, and the whole id as tooltip and when copied. */
export function Fingerprint({ id }: { id: string }): JSX.Element {
  return (
    <code class="fingerprint" title={id}>
      {id.slice(0, 12)}
      {id.length > 12 && "…"}
    </code>
  );
}
