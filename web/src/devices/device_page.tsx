// SPDX-License-Identifier: Apache-2.0
// One device: its history, its certificates and rights, and the possible actions.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Identity } from "../api/api";
import { useApi } from "../api/context";
import { useFollowingSteps, useResource } from "../api/resource";
import type { AuditEvent, Story } from "../api/shapes";
import { href } from "../app/router";
import { claimOf, isAbout } from "../audit/events";
import { DeviceText } from "../parts/device_text";
import { Empty, Shown } from "../parts/notices";
import { PageHead, Panel } from "../parts/panel";
import { Sentence } from "../parts/sentence";
import { Certificates } from "./certificates";
import { ThingPanels } from "./thing_panels";
import { Timeline } from "./timeline";

const kReread = 1_500;
const kTones: Record<Story["standing"], "good" | "warn" | "failure"> = { good: "good", waiting: "warn", bad: "failure", unknown: "warn" };
const kNames = { serialNumber: "Serial number", thingName: "Thing", certificateId: "Certificate", clientId: "Client id" };

export function DevicePage({ query }: { query: URLSearchParams }): JSX.Element {
  const who = identityOf(query);
  if (who === undefined) {
    return <PageHead title="This address names no device" lead={<a href={href("devices")}>Find one</a>} />;
  }
  return <Device key={`${who.by} ${who.name}`} {...who} />;
}

interface Who {
  by: keyof Identity;
  name: string;
}

function identityOf(query: URLSearchParams): Who | undefined {
  for (const by of ["thingName", "serialNumber", "certificateId", "clientId"] as const) {
    const name = query.get(by);
    if (name) return { by, name };
  }
  return undefined;
}

function Device({ by, name }: Who): JSX.Element {
  const api = useApi();
  const [changes, setChanges] = useState(0);
  const story = useResource(`story ${by} ${name}`, (signal) => api.explain({ [by]: name }, signal), changes);
  useFollowingSteps(
    story.reload,
    kReread,
    (event) => event[by] === name || (event.serialNumber ?? event.clientId) === name || isAbout(event, story.value?.events ?? []),
  );
  const changed = (): void => setChanges((n) => n + 1);
  return (
    <>
      <PageHead title={name} heading={<DeviceText text={name} shown={80} />} lead={kNames[by]} within={["devices", "Devices"]} />
      <Shown of={story} what="the story of this device">
        {(value) => {
          const thing = by === "thingName" ? name : thingOf(value.events);
          return (
            <>
              <Next story={value} />
              {thing !== undefined && <ThingPanels key={thing} thing={thing} events={value.events} changes={changes} changed={changed} />}
              <div class="columns wide-first">
                <Panel title="What happened">
                  {value.events.length === 0 ? <Empty title="Nothing is recorded under this name" /> : <Timeline events={value.events} />}
                </Panel>
                <Panel title="Certificates">
                  <Certificates thing={thing} named={by === "certificateId" ? name : undefined} events={value.events} changes={changes} changed={changed} />
                </Panel>
              </div>
            </>
          );
        }}
      </Shown>
    </>
  );
}

/** The thing that it registered, if it got that far. */
export function thingOf(events: AuditEvent[]): string | undefined {
  return [...events].reverse().find((event) => event.thingName !== undefined && event.outcome === "ok")?.thingName;
}

function Next({ story }: { story: Story }): JSX.Element {
  const isGood = story.standing === "good";
  const claim = claimOf(story.events);
  return (
    <section class={`notice next ${kTones[story.standing]}`} aria-label="What to do next">
      <p class="notice-title">{isGood ? "State" : "What to do"}</p>
      <p>
        {isGood && "All is well. "}
        <Sentence text={story.next} shown={2000} />
      </p>
      {claim !== undefined && (
        <p>
          <a href={href("claim", { id: claim })}>The claim it used</a>
        </p>
      )}
    </section>
  );
}
