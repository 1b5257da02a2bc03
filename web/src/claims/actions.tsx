// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApi, useMay, useSigned } from "../api/context";
import type { Claim } from "../api/shapes";
import { ActionDialog } from "../parts/dialog";
import { DeviceText, Fingerprint } from "../parts/device_text";
import { type TypedBudget, budgetOf, problemOf, typedOf } from "./budget";

type Asked = "freeze" | "thaw" | "budget";

/** The actions of an administrator on a claim, each with a confirmation. */
export function ClaimActions({ claim, changed }: { claim: Claim; changed: () => void }): JSX.Element {
  const { session } = useSigned();
  const mayChange = useMay("change");
  const [asked, ask] = useState<Asked | undefined>();
  const close = (isDone: boolean): void => {
    ask(undefined);
    if (isDone) changed();
  };
  if (!mayChange) return <p class="quiet">The role {session.role} can see claims but not change them.</p>;
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
        closed at once. Devices that have their own identity are not affected.
      </p>
      <label class="field">
        <span>Why (shown with every device refused for it)</span>
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
        Claim <Fingerprint id={claim.certificateId} /> goes back into service with its current budget. It was frozen because:
      </p>
      <blockquote>
        <DeviceText text={claim.frozen?.because ?? ""} shown={400} />
      </blockquote>
      <p>The same use freezes it again: if that use was legitimate, widen the budget first. If the claim has leaked, leave it frozen and create another.</p>
    </ActionDialog>
  );
}

/** The parts of the budget that the form can change: numbers and ranges. The rest is unchanged. */
function ChangeBudget({ claim, close }: DialogProps): JSX.Element {
  const api = useApi();
  const [typed, setTyped] = useState(() => typedOf(claim.budget));
  const problem = problemOf(typed);
  const field = (name: keyof TypedBudget, title: string, more: InputAttributes): JSX.Element => (
    <label class="field">
      <span>{title}</span>
      <input {...more} value={typed[name]} onInput={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })} />
    </label>
  );
  const number = (most?: number): InputAttributes => ({ type: "number", min: 1, ...(most === undefined ? {} : { max: most }) });
  return (
    <ActionDialog
      title="Change this claim's budget"
      action="Change the budget"
      isReady={problem === ""}
      run={() => api.updateClaim(claim.certificateId, budgetOf(claim.budget, typed), claim.version)}
      close={close}
    >
      <p>
        It applies from the next request on. An empty field sets no limit. {claim.frozen !== undefined && "The claim stays frozen until it is thawed."}
      </p>
      {field("maxDevices", `Most devices in all (${claim.devices} are registered)`, number())}
      <div class="field-row">
        {field("rateDevices", "Rate: devices", number(10_000))}
        {field("rateSeconds", "in seconds", number(86_400))}
      </div>
      <div class="field-row">
        {field("first", "First serial number", { maxLength: 128 })}
        {field("last", "Last serial number", { maxLength: 128 })}
      </div>
      {field("networks", "Networks, such as 10.1.0.0/16", {})}
      <p class="warning" role="status">
        {problem}
      </p>
    </ActionDialog>
  );
}

type InputAttributes = Pick<JSX.IntrinsicElements["input"], "type" | "min" | "max" | "maxLength">;
