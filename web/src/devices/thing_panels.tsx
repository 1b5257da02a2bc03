// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { mayChange, useApi, useLive, useSigned } from "../api/context";
import { useRereading, useResource } from "../api/resource";
import type { Connection, Thing } from "../api/shapes";
import { Badge } from "../parts/badge";
import { DeviceText, Fingerprint } from "../parts/device_text";
import { Empty, Failure, Shown } from "../parts/notices";
import { Facts, Panel } from "../parts/panel";
import { When } from "../parts/when";
import { Regroup, Rotate } from "./actions";

const kReread = 2_000;

/** The thing that a device became: what it is, its connection, its rights, and what an operator can do with it. */
export function ThingPanels({ thing, changed }: { thing: string; changed: () => void }): JSX.Element {
  const api = useApi();
  const found = useResource(`thing ${thing}`, async (signal) => {
    const [record, groups] = await Promise.all([api.thing(thing, signal), api.groupsOf(thing, signal)]);
    return { record, groups };
  });
  if (found.error instanceof ApiError && found.error.isNotFound && found.value === undefined) {
    return (
      <Panel title="Thing">
        <Empty title="There is no thing of that name any more" />
      </Panel>
    );
  }
  return (
    <Shown of={found} what="the thing">
      {({ record, groups }) => (
        <>
          <Actions thing={record.thingName} groups={groups} changed={changed} />
          <div class="columns three">
            <Panel title="Thing">
              <Facts of={factsOf(record, groups)} />
            </Panel>
            <Panel title="Connection">
              <Connected thing={record.thingName} />
            </Panel>
            <Panel title="Policies that hold for it">
              <Rights thing={record.thingName} />
            </Panel>
          </div>
        </>
      )}
    </Shown>
  );
}

function factsOf(thing: Thing, groups: string[]): [string, ComponentChildren][] {
  return [
    ["Name", <DeviceText text={thing.thingName} />],
    ["Type", thing.thingTypeName === undefined ? "none" : <DeviceText text={thing.thingTypeName} />],
    ["Groups", groups.length === 0 ? "none" : <DeviceText text={groups.join(", ")} />],
    ...Object.entries(thing.attributes).map(([name, value]): [string, ComponentChildren] => [name, <DeviceText text={value} />]),
  ];
}

function Actions({ thing, groups, changed }: { thing: string; groups: string[]; changed: () => void }): JSX.Element {
  const { session } = useSigned();
  const [asked, ask] = useState<"rotate" | "regroup" | undefined>();
  const close = (isDone: boolean): void => {
    ask(undefined);
    if (isDone) changed();
  };
  if (!mayChange(session)) return <p class="quiet">The role {session.role} sees devices and does not change them.</p>;
  return (
    <div class="actions">
      <button type="button" onClick={() => ask("rotate")}>
        Rotate its key
      </button>
      <button type="button" onClick={() => ask("regroup")}>
        Change groups
      </button>
      {asked === "rotate" && <Rotate thing={thing} close={close} />}
      {asked === "regroup" && <Regroup thing={thing} groups={groups} close={close} />}
    </div>
  );
}

function Connected({ thing }: { thing: string }): JSX.Element {
  const api = useApi();
  const connection = useResource(`connection ${thing}`, (signal) => api.connection(thing, signal));
  const reread = useRereading(connection.reload, kReread);
  useLive("steps", ({ events, leftOut }) => {
    if (leftOut > 0 || events.some((event) => event.thingName === thing || event.clientId === connection.value?.clientId)) reread();
  });
  return <Shown of={connection} what="the connection">{(value) => <ConnectionFacts connection={value} />}</Shown>;
}

function ConnectionFacts({ connection }: { connection: Connection }): JSX.Element {
  if (!connection.connected) return <Badge tone="plain">not connected</Badge>;
  const facts: [string, ComponentChildren][] = [["State", <Badge tone="good">connected</Badge>]];
  if (connection.since !== undefined) facts.push(["Since", <When at={connection.since} />]);
  if (connection.clientId !== undefined) facts.push(["Client id", <DeviceText text={connection.clientId} />]);
  if (connection.address !== undefined) facts.push(["From", <DeviceText text={connection.address} />]);
  if (connection.certificateId !== undefined) facts.push(["With", <Fingerprint id={connection.certificateId} />]);
  return <Facts of={facts} />;
}

/** The policies that hold for it: of its certificates and its groups. */
function Rights({ thing }: { thing: string }): JSX.Element {
  const api = useApi();
  const policies = useResource(`rights ${thing}`, async (signal) => {
    const principals = await api.principalsOf(thing, signal);
    const all = await Promise.all(principals.slice(0, 4).map((principal) => api.effectivePolicies(thing, principal, signal)));
    return [...new Map(all.flat().map((policy) => [policy.policyName, policy])).values()];
  });
  if (policies.error !== undefined && policies.value === undefined) return <Failure error={policies.error} what="its policies" retry={policies.reload} />;
  return (
    <Shown of={policies} what="its policies">
      {(all) =>
        all.length === 0 ? (
          <Empty title="Nothing">No policy is attached to its certificates or groups.</Empty>
        ) : (
          <ul class="stack">
            {all.map((policy) => (
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
        )
      }
    </Shown>
  );
}
