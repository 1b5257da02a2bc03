// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useLive, useSigned } from "../api/context";
import { useResource } from "../api/resource";
import type { Alarm } from "../api/shapes";
import { href } from "../app/router";
import { Badge } from "../parts/badge";
import { DeviceText, Fingerprint } from "../parts/device_text";
import { Shown } from "../parts/notices";
import { Panel } from "../parts/panel";
import { Sentence, storyOf } from "../parts/sentence";
import { When } from "../parts/when";

/** The titles of the kinds of alarms. */
const kTitles: Record<string, string> = {
  "failure-ratio": "Too many devices fail",
  "no-success": "No device succeeds",
  "claim-frozen": "A claim is frozen",
  "claim-new-place": "A claim is used from a new place",
  "duplicate-device": "Two units use one name",
  "key-in-two-places": "One key is used in two places",
  "hook-failures": "A hook fails",
  "hook-rejections": "A hook denies many devices",
  "certificates-expiring": "Certificates expire soon",
  "ca-expiring": "A certificate authority expires soon",
  "store-trouble": "The store has errors",
  "disk-low": "The disk is nearly full",
};

/** Raised alarms, with the observation and what to check next. Shows nothing if there are none. */
export function AlarmList(): JSX.Element | null {
  const { api, live } = useSigned();
  const read = useResource("alarms", (signal) => api.alarms("raised", signal));
  const [told, setTold] = useState<Alarm[] | undefined>(live.last("alarms")?.alarms);
  useLive("alarms", ({ alarms }) => setTold(alarms));
  const alarms = told ?? read.value;
  if (alarms === undefined) return read.error === undefined ? null : <Shown of={read} what="the alarms">{() => null}</Shown>;
  if (alarms.length === 0) return null;
  return (
    <Panel title={alarms.length === 1 ? "One alarm" : `${alarms.length} alarms`} className="alarms">
      <ul class="alarm-list">
        {alarms.map((alarm) => (
          <li key={alarm.id} class={`alarm ${alarm.severity}`}>
            <p class="alarm-head">
              <Badge tone={alarm.severity === "critical" ? "bad" : "warn"}>{alarm.severity}</Badge>
              <strong>{kTitles[alarm.alarm] ?? alarm.alarm}</strong>
              <Subject alarm={alarm} />
              <span class="quiet">
                since <When at={alarm.since} />
              </span>
            </p>
            <p>
              <Sentence text={alarm.because} />
            </p>
            <p class="alarm-next">
              <strong>What to do: </strong>
              <Sentence text={alarm.next} shown={2000} />
            </p>
            <Ways alarm={alarm} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Links to one of the devices that the alarm is about, and to their claim. */
function Ways({ alarm }: { alarm: Alarm }): JSX.Element | null {
  const name = alarm.device?.serialNumber ?? alarm.device?.clientId;
  const to = storyOf(alarm.device ?? {});
  const isOfClaim = alarm.subjectKind === "claim";
  if (to === undefined && !isOfClaim) return null;
  return (
    <p class="alarm-ways">
      {to !== undefined && (
        <span>
          One such device:{" "}
          <a href={to}>
            <DeviceText text={name ?? ""} shown={48} />
          </a>
        </span>
      )}
      {isOfClaim && <a href={href("claim", { id: alarm.subject })}>Open the claim</a>}
    </p>
  );
}

function Subject({ alarm }: { alarm: Alarm }): JSX.Element | null {
  if (alarm.subject === "") return null;
  const shown = /^[0-9a-f]{64}$/.test(alarm.subject) ? <Fingerprint id={alarm.subject} /> : <DeviceText text={alarm.subject} />;
  const to = addressOf(alarm);
  return to === undefined ? shown : <a href={to}>{shown}</a>;
}

function addressOf(alarm: Alarm): string | undefined {
  switch (alarm.subjectKind) {
    case "claim":
    case "batch": // named by its claim
      return href("claim", { id: alarm.subject });
    case "certificate":
      return href("device", { certificateId: alarm.subject });
    case "thing":
      return href("device", { thingName: alarm.subject });
    case "hook":
      return href("hooks");
    case "ca":
      return href("authorities");
    default:
      return undefined;
  }
}
