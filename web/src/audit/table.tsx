// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { useMay } from "../api/context";
import type { Pages } from "../api/resource";
import type { AuditEvent } from "../api/shapes";
import { href } from "../app/router";
import { OutcomeBadge } from "../parts/badge";
import { DeviceText } from "../parts/device_text";
import { Sentence, storyOf } from "../parts/sentence";
import { PagedTable } from "../parts/table";
import { When } from "../parts/when";
import { stepInWords, whoOf } from "./events";

interface AuditTableProps {
  pages: Pages<AuditEvent>;
  what: string;
  caption: string;
  empty: ComponentChildren;
}

/** Audit events; the recorded details of each can be expanded. */
export function AuditTable({ pages, what, caption, empty }: AuditTableProps): JSX.Element {
  return (
    <PagedTable
      pages={pages}
      what={what}
      caption={caption}
      keyOf={(event) => String(event.sequence)}
      empty={empty}
      columns={[
        { title: "When", cell: (event) => <span class="nowrap"><When at={event.time} exact /></span> },
        { title: "Outcome", cell: (event) => <OutcomeBadge outcome={event.outcome} /> },
        { title: "What happened", isHeading: true, cell: (event) => <EventCell event={event} /> },
        { title: "Device", cell: (event) => <DeviceOf event={event} /> },
      ]}
    />
  );
}

/** The device that an event is about, with a link to its story. */
export function DeviceOf({ event }: { event: AuditEvent }): JSX.Element {
  const to = storyOf(event);
  if (to === undefined) return <span class="quiet">none</span>;
  return (
    <a class="who" href={to} aria-label={`The story of ${whoOf(event)}`}>
      <DeviceText text={whoOf(event)} shown={40} />
    </a>
  );
}

export function EventCell({ event }: { event: AuditEvent }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <div class="event">
      <Sentence text={event.sentence} />
      <details onToggle={(toggled) => setOpen((toggled.target as HTMLDetailsElement).open)}>
        <summary aria-label={`Details of event ${event.sequence}, ${stepInWords(event.step)}`}>Details</summary>
        {isOpen && <EventDetail event={event} />}
      </details>
    </div>
  );
}

function EventDetail({ event }: { event: AuditEvent }): JSX.Element {
  const mayAudit = useMay("audit");
  const { detail, sentence: _sentence, ...members } = event;
  return (
    <dl class="facts small">
      {Object.entries({ ...members, ...detail }).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {name === "correlationId" && mayAudit ? (
              <a href={href("audit", { correlationId: String(value) })}>{String(value)}</a>
            ) : (
              <DeviceText text={typeof value === "string" ? value : JSON.stringify(value)} shown={200} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
