// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useLive } from "../api/context";
import type { Pages } from "../api/resource";
import type { AuditEvent } from "../api/shapes";
import * as format from "../parts/format";

interface Props {
  pages: Pages<AuditEvent>;
  /** Whether an event belongs to the list, as far as that can be told here. */
  judge: (event: AuditEvent) => "yes" | "no" | "maybe";
}

/**
 * A button that shows events newer than the list, so that rows do not move while somebody reads them. Only the first page gets
 * newer events.
 */
export function Newer({ pages, judge }: Props): JSX.Element | null {
  const [sure, setSure] = useState(0);
  const [isUnsure, setUnsure] = useState(false);
  useLive("steps", ({ events, leftOut }) => {
    const verdicts = events.map(judge);
    setSure((before) => before + verdicts.filter((one) => one === "yes").length);
    if (leftOut > 0 || verdicts.includes("maybe")) setUnsure(true);
  });
  if ((sure === 0 && !isUnsure) || pages.number > 1) return null;
  const show = (): void => {
    setSure(0);
    setUnsure(false);
    pages.reload();
  };
  return (
    <button type="button" class="wide" onClick={show}>
      {isUnsure ? "There may be newer events: reload" : `${format.plural(sure, "newer event")}: show ${sure === 1 ? "it" : "them"}`}
    </button>
  );
}
