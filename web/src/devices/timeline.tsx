// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AuditEvent } from "../api/shapes";
import { EventCell } from "../audit/table";
import { OutcomeBadge, toneOfOutcome } from "../parts/badge";
import * as format from "../parts/format";

const kShown = 30;

/** Events in the server's words, newest first, with a heading for each day. */
export function Timeline({ events }: { events: AuditEvent[] }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const ordered = [...events].reverse();
  const shown = isWhole ? ordered : ordered.slice(0, kShown);
  return (
    <>
      <ol class="timeline">
        {shown.map((event, i) => {
          const day = format.date(event.time);
          const before = shown[i - 1];
          const isNewDay = before === undefined || format.date(before.time) !== day;
          return (
            <li key={event.sequence} class={toneOfOutcome(event.outcome)}>
              {isNewDay && <p class="timeline-day">{day}</p>}
              <div class="timeline-step">
                <time dateTime={new Date(event.time * 1000).toISOString()}>{format.timestamp(event.time).slice(11)}</time>
                {event.outcome !== "ok" && <OutcomeBadge outcome={event.outcome} />}
                <EventCell event={event} />
              </div>
            </li>
          );
        })}
      </ol>
      {ordered.length > kShown && (
        <button type="button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show only the latest" : `Show all ${ordered.length} steps`}
        </button>
      )}
    </>
  );
}
