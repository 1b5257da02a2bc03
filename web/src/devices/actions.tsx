// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApi } from "../api/context";
import { useResource, useRested } from "../api/resource";
import { DeviceText } from "../parts/device_text";
import { ActionDialog } from "../parts/dialog";
import { Shown } from "../parts/notices";

const kPermissions: [string, number][] = [
  ["1 hour", 3600],
  ["1 day", 86_400],
  ["7 days", 7 * 86_400],
  ["30 days", 30 * 86_400],
];
const kRest = 250;

interface Props {
  thing: string;
  close: (isDone: boolean) => void;
}

/** Devices make their own keys, so rotating means permitting the next registration with another key. */
export function Rotate({ thing, close, allowed }: Props & { allowed?: (until: number) => void }): JSX.Element {
  const api = useApi();
  const [seconds, setSeconds] = useState(86_400);
  const allow = async (): Promise<void> => {
    const { expiration } = await api.allowReprovisioning(thing, seconds);
    allowed?.(expiration);
  };
  return (
    <ActionDialog title="Let this device register with another key?" action="Allow it" run={allow} close={close}>
      <p>
        The next device that registers as <DeviceText text={thing} shown={64} /> through its template takes over the name, once, with a key of its own.
        The current certificate keeps working until the new one first connects.
      </p>
      <p>Anyone who holds a claim of that template can use this permission: grant it only when the device is about to register.</p>
      <label class="field">
        <span>For how long</span>
        <select value={String(seconds)} onChange={(event) => setSeconds(Number(event.currentTarget.value))}>
          {kPermissions.map(([text, value]) => (
            <option key={value} value={String(value)}>
              {text}
            </option>
          ))}
        </select>
      </label>
    </ActionDialog>
  );
}

export function Withdraw({ thing, close }: Props): JSX.Element {
  const api = useApi();
  return (
    <ActionDialog title="Withdraw this permission?" action="Withdraw it" run={() => api.withdrawReprovisioning(thing)} close={close}>
      <p>
        No device can register as <DeviceText text={thing} shown={64} /> with another key any more. The current certificate keeps working.
      </p>
    </ActionDialog>
  );
}

export function Regroup({ thing, groups, close }: Props & { groups: string[] }): JSX.Element {
  const api = useApi();
  const [prefix, setPrefix] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(groups));
  const rested = useRested(prefix.trim(), kRest);
  const found = useResource(`groups ${rested}`, (signal) => api.groups(rested, signal));
  const added = [...chosen].filter((name) => !groups.includes(name));
  const removed = groups.filter((name) => !chosen.has(name));
  const toggle = (name: string): void => {
    const next = new Set(chosen);
    if (!next.delete(name)) next.add(name);
    setChosen(next);
  };
  return (
    <ActionDialog
      title="Change the groups of this device"
      action="Change groups"
      isReady={added.length + removed.length > 0}
      run={() => api.regroup(thing, added, removed)}
      close={close}
    >
      <p>The policies of a group apply to its devices: they gain or lose these rights from their next request on.</p>
      <label class="field">
        <span>Groups with a name that begins with</span>
        <input type="search" value={prefix} maxLength={128} onKeyDown={searchOnly} onInput={(event) => setPrefix(event.currentTarget.value)} />
      </label>
      <Shown of={found} what="the groups">
        {({ items, next }) => (
          <>
            <fieldset class="checks">
              <legend>Groups</legend>
              {[...new Set([...groups, ...items])].map((name) => (
                <label key={name}>
                  <input type="checkbox" checked={chosen.has(name)} onChange={() => toggle(name)} />
                  <DeviceText text={name} shown={64} />
                </label>
              ))}
            </fieldset>
            {next !== undefined && <p class="quiet">The first {items.length}; there are more: type the beginning of the group's name.</p>}
          </>
        )}
      </Shown>
      <p aria-live="polite">
        {added.length > 0 && <>Joins {added.join(", ")}. </>}
        {removed.length > 0 && <>Leaves {removed.join(", ")}.</>}
      </p>
    </ActionDialog>
  );
}

/** Enter in the search field must not submit the dialog. */
function searchOnly(event: KeyboardEvent): void {
  if (event.key === "Enter") event.preventDefault();
}
