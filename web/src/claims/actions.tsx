// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { mayChange, useApi, useSigned } from "../api/context";
import type { Claim, ClaimBudget } from "../api/shapes";
import { ActionDialog } from "../parts/dialog";
import { Fingerprint } from "../parts/device_text";

type Asked = "freeze" | "thaw" | "budget";

/** What an administrator can do with a claim, each after a question. */
export function ClaimActions({ claim, changed }: { claim: Claim; changed: () => void }): JSX.Element {
  const { session } = useSigned();
  const [asked, ask] = useState<Asked | undefined>();
  const close = (isDone: boolean): void => {
    ask(undefined);
    if (isDone) changed();
  };
  if (!mayChange(session)) return <p class="quiet">The role {session.role} sees claims and does not change them.</p>;
  return (
    <div class="actions">
      {claim.frozen === undefined ? (
        <button type="button" class="danger" onClick={() => ask("freeze")}>
          Freeze
        </button>
      ) : (
        <button type="button" class="primary" onClick={() => ask("thaw")}>
          Thaw
        </button>
      )}
      <button type="button" onClick={() => ask("budget")}>
        Change budget
      </button>
      {asked === "freeze" && <Freeze claim={claim} close={close} />}
      {asked === "thaw" && <Thaw claim={claim} close={close} />}
      {asked === "budget" && <ChangeBudget claim={claim} close={close} />}
    </div>
  );
}

interface DialogProps {
  claim: Claim;
  close: (isDone: boolean) => void;
}

function Freeze({ claim, close }: DialogProps): JSX.Element {
  const api = useApi();
  const [because, setBecause] = useState("");
  return (
    <ActionDialog
      title="Freeze this claim?"
      action="Freeze the claim"
      isDangerous
      isReady={because.trim() !== ""}
      run={() => api.freezeClaim(claim.certificateId, because.trim())}
      close={close}
    >
      <p>
        No device can register with claim <Fingerprint id={claim.certificateId} /> until somebody thaws it. Its connections are
        cut at once. Devices that have their own identity are not touched.
      </p>
      <label class="field">
        <span>Why (it is shown to whoever asks about a refused device)</span>
        <input value={because} onInput={(event) => setBecause(event.currentTarget.value)} maxLength={256} required />
      </label>
    </ActionDialog>
  );
}

function Thaw({ claim, close }: DialogProps): JSX.Element {
  const api = useApi();
  return (
    <ActionDialog title="Thaw this claim?" action="Thaw the claim" run={() => api.thawClaim(claim.certificateId)} close={close}>
      <p>
        Claim <Fingerprint id={claim.certificateId} /> goes back into service with its budget as it is. It was frozen because:
      </p>
      <blockquote>{claim.frozen?.because}</blockquote>
      <p>The same use freezes it again: widen the budget first if that use was a good one. If the claim has leaked, leave it frozen and make another.</p>
    </ActionDialog>
  );
}

/** What of the budget is a number or a time; the rest is kept as it is. */
function ChangeBudget({ claim, close }: DialogProps): JSX.Element {
  const api = useApi();
  const { budget } = claim;
  const [maxDevices, setMaxDevices] = useState(String(budget.maxDevices ?? ""));
  const [rateDevices, setRateDevices] = useState(String(budget.rate?.devices ?? ""));
  const [rateSeconds, setRateSeconds] = useState(String(budget.rate?.seconds ?? ""));
  const [networks, setNetworks] = useState((budget.networks ?? []).join(", "));
  const [first, setFirst] = useState(budget.serials?.first ?? "");
  const [last, setLast] = useState(budget.serials?.last ?? "");
  const wanted = (): ClaimBudget => {
    const { maxDevices: _most, rate: _rate, networks: _networks, serials: _serials, ...kept } = budget;
    const list = networks.split(/[\s,]+/).filter((one) => one !== "");
    return {
      ...kept,
      ...(maxDevices === "" ? {} : { maxDevices: Number(maxDevices) }),
      ...(rateDevices === "" || rateSeconds === "" ? {} : { rate: { devices: Number(rateDevices), seconds: Number(rateSeconds) } }),
      ...(list.length === 0 ? {} : { networks: list }),
      ...(first === "" && last === "" ? {} : { serials: { first, last } }),
    };
  };
  return (
    <ActionDialog
      title="Change this claim's budget"
      action="Change the budget"
      run={() => api.updateClaim(claim.certificateId, wanted(), claim.version)}
      close={close}
    >
      <p>
        It holds from the next request on. An empty field binds nothing. {claim.frozen !== undefined && "The claim stays frozen until it is thawed."}
      </p>
      <label class="field">
        <span>Most devices in all ({claim.devices} are registered)</span>
        <input type="number" min={1} value={maxDevices} onInput={(event) => setMaxDevices(event.currentTarget.value)} />
      </label>
      <div class="field-row">
        <label class="field">
          <span>Rate: devices</span>
          <input type="number" min={1} max={10000} value={rateDevices} onInput={(event) => setRateDevices(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>in seconds</span>
          <input type="number" min={1} max={86400} value={rateSeconds} onInput={(event) => setRateSeconds(event.currentTarget.value)} />
        </label>
      </div>
      <div class="field-row">
        <label class="field">
          <span>First serial number</span>
          <input value={first} maxLength={128} onInput={(event) => setFirst(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>Last serial number</span>
          <input value={last} maxLength={128} onInput={(event) => setLast(event.currentTarget.value)} />
        </label>
      </div>
      <label class="field">
        <span>Networks, such as 10.1.0.0/16</span>
        <input value={networks} onInput={(event) => setNetworks(event.currentTarget.value)} />
      </label>
    </ActionDialog>
  );
}
