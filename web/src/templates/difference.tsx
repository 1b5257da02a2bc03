// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { DeviceText } from "../parts/device_text";
import { Empty } from "../parts/notices";
import { diffOf } from "./body";

const kSigns = { same: " ", added: "+", removed: "−", skipped: "⋯" };
const kWords = { same: "", added: "added: ", removed: "removed: ", skipped: "" };

/** A line diff of two texts, marked by a sign before each line and also by colour. */
export function Difference({ before, after, caption }: { before: string; after: string; caption: string }): JSX.Element {
  const lines = useMemo(() => diffOf(before, after), [before, after]);
  if (lines.every((line) => line.is === "same" || line.is === "skipped")) return <Empty title="They are identical" />;
  return (
    <figure class="diff">
      <figcaption>{caption}</figcaption>
      <pre tabIndex={0} aria-label={caption}>
        {lines.map((line, i) => (
          <span key={i} class={`diff-line ${line.is}`}>
            <span class="diff-sign" aria-hidden="true">
              {kSigns[line.is]}
            </span>
            {kWords[line.is] !== "" && <span class="visually-hidden">{kWords[line.is]}</span>}
            <DeviceText text={line.text} shown={2000} isDocument />
            {"\n"}
          </span>
        ))}
      </pre>
    </figure>
  );
}
