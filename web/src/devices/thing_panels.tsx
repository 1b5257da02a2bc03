// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { useApi, useMay, useSigned } from "../api/context";
import { useFollowingSteps, useResource } from "../api/resource";
import type { AuditEvent, Connection, Page, PolicyText, Thing } from "../api/shapes";
import { permissionOf } from "../audit/events";
import { Badge } from "../parts/badge";
import { DeviceText, Fingerprint } from "../parts/device_text";
import * as format from "../parts/format";
import { Maybe } from "../parts/links";
import { Empty, Shown } from "../parts/notices";
import { Facts, Panel } from "../parts/panel";
import { When, useNow } from "../parts/when";
import { Regroup, Rotate, Withdraw } from "./actions";

const kReread = 2_000;
const kMostCertificates = 4;

interface ThingPanelsProps {
  thing: string;
  events: AuditEvent[];
  /** Counts the changes made here; `changed` increments it. */
  changes: number;
  changed: () => void;
}

interface Found {
  record: Thing;
  groups: Page<string>;
}

/** The thing that a device registered: its attributes, connection and rights, and an operator's actions. */
export function ThingPanels({ thing, events, changes, changed }: ThingPanelsProps): JSX.Element {
  const api = useApi();
  const read = async (signal: AbortSignal): Promise<Found> => {
    const [record, groups] = await Promise.all([api.thing(thing, signal), api.groupsOf(thing, signal)]);
    return { record, groups };
  };
  const found = useResource(`thing ${thing}`, read, changes);
  if (found.error instanceof ApiError && found.error.isNotFound && found.value === undefined) {
    return (
      <Panel title="Thing">
        <Empty title="This thing no longer exists" />
      </Panel>
    );
  }
  return (
    <Shown of={found} what="the thing">
      {({ record, groups }) => (
        <>
          <Actions thing={record.thingName} groups={groups.items} events={events} changed={changed} />
          <div class="columns three">
            <Panel title="Thing">
              <Facts of={factsOf(record, groups)} />
            </Panel>
            <Panel title="Connection">
              <Connected thing={record.thingName} changes={changes} />
            </Panel>
            <Panel title="Policies that apply to it">
              <Rights thing={record.thingName} changes={changes} />
            </Panel>
          </div>
        </>
      )}
    </Shown>
  );
}

function factsOf(thing: Thing, groups: Page<string>): [string, ComponentChildren][] {
  return [
    ["Name", <DeviceText text={thing.thingName} />],
    ["Type", <Maybe text={thing.thingTypeName} />],
    ["Groups", <><Maybe text={groups.items.join(", ")} />{groups.next !== undefined && " and more"}</>],
    ...Object.entries(thing.attributes).map(([name, value]): [string, ComponentChildren] => [name, <DeviceText text={value} />]),
  ];
}

/** The possible actions, and whether it may register with another key. */
function Actions({ thing, groups, events, changed }: { thing: string; groups: string[]; events: AuditEvent[]; changed: () => void }): JSX.Element {
  const { session } = useSigned();
  const mayChange = useMay("change");
  const [asked, ask] = useState<"rotate" | "withdraw" | "regroup" | undefined>();
  const until = permissionOf(thing, events, useNow());
  const close = (isDone: boolean): void => {
    ask(undefined);
    if (isDone) changed();
  };
  return (
    <>
      {until !== undefined && (
        <div class="notice warn" role="status">
          <p class="notice-title">It may register with another key until {format.timestamp(until)}</p>
          <p>The first device to register under its name takes it over, once.</p>
        </div>
      )}
      {!mayChange && <p class="quiet">The role {session.role} can see devices but not change them.</p>}
      {mayChange && (
        <div class="actions">
          <button type="button" onClick={() => ask(until === undefined ? "rotate" : "withdraw")}>
            {until === undefined ? "Rotate its key" : "Withdraw the permission"}
          </button>
          <button type="button" onClick={() => ask("regroup")}>
            Change groups
          </button>
        </div>
      )}
      {asked === "rotate" && <Rotate thing={thing} close={close} />}
      {asked === "withdraw" && <Withdraw thing={thing} close={close} />}
      {asked === "regroup" && <Regroup thing={thing} groups={groups} close={close} />}
    </>
  );
}

interface PartProps {
  thing: string;
  changes: number;
}

function Connected({ thing, changes }: PartProps): JSX.Element {
  const api = useApi();
  const connection = useResource(`connection ${thing}`, (signal) => api.connection(thing, signal), changes);
  useFollowingSteps(connection.reload, kReread, (event) => event.thingName === thing || event.clientId === connection.value?.clientId);
  return <Shown of={connection} what="the connection">{(value) => <ConnectionFacts connection={value} />}</Shown>;
}

function ConnectionFacts({ connection }: { connection: Connection }): JSX.Element {
  if (!connection.connected) return <Facts of={[["State", <Badge tone="plain">not connected</Badge>]]} />;
  const facts: [string, ComponentChildren][] = [["State", <Badge tone="good">connected</Badge>]];
  if (connection.since !== undefined) facts.push(["Since", <When at={connection.since} />]);
  if (connection.clientId !== undefined) facts.push(["Client id", <DeviceText text={connection.clientId} />]);
  if (connection.address !== undefined) facts.push(["From", <DeviceText text={connection.address} />]);
  if (connection.certificateId !== undefined) facts.push(["With", <Fingerprint id={connection.certificateId} />]);
  return <Facts of={facts} />;
}

/** The policies that apply to it, from its certificates and groups. */
function Rights({ thing, changes }: PartProps): JSX.Element {
  const api = useApi();
  const read = async (signal: AbortSignal): Promise<{ policies: PolicyText[]; certificates: number }> => {
    const principals = await api.principalsOf(thing, signal);
    const all = await Promise.all(principals.slice(0, kMostCertificates).map((principal) => api.effectivePolicies(thing, principal, signal)));
    const policies = [...new Map(all.flat().map((policy) => [policy.policyName, policy])).values()];
    return { policies, certificates: principals.length };
  };
  const rights = useResource(`rights ${thing}`, read, changes);
  return (
    <Shown of={rights} what="its policies">
      {({ policies, certificates }) => (
        <>
          {policies.length === 0 && <Empty title="No policies">No policy is attached to its certificates or groups.</Empty>}
          <ul class="stack">
            {policies.map((policy) => (
              <li key={policy.policyName}>
                <details>
                  <summary>
                    <DeviceText text={policy.policyName} />
                  </summary>
                  <pre tabIndex={0}>
                    <DeviceText text={policy.policyDocument} shown={4000} isDocument />
                  </pre>
                </details>
              </li>
            ))}
          </ul>
          {certificates > kMostCertificates && (
            <p class="quiet">
              From the first {kMostCertificates} of its {certificates} certificates; the others may have more.
            </p>
          )}
        </>
      )}
    </Shown>
  );
}
