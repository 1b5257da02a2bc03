// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { messageOf } from "../api/client";
import { useApi } from "../api/context";
import type { Json, Template, Trial, TrialChange } from "../api/shapes";
import { DeviceText } from "../parts/device_text";
import * as format from "../parts/format";
import { Facts } from "../parts/panel";
import { Table } from "../parts/table";
import { parametersOf } from "./body";

/** A form for the template's parameters, and the server's answer: decided as for a real device, but nothing is created. */
export function TryForm({ template, body }: { template: Template; body: string | undefined }): JSX.Element {
  const api = useApi();
  const parameters = parametersOf(body ?? template.templateBody);
  const [values, setValues] = useState<Record<string, string>>({});
  const [outcome, setOutcome] = useState<{ trial?: Trial; problem?: string; isBusy: boolean }>({ isBusy: false });

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setOutcome({ isBusy: true });
    const sent = Object.fromEntries(parameters.filter(({ name }) => (values[name] ?? "") !== "").map(({ name }) => [name, values[name] ?? ""]));
    try {
      const trial = await api.tryTemplate(template.templateName, { parameters: sent, ...(body === undefined ? {} : { templateBody: body }) });
      setOutcome({ trial, isBusy: false });
    } catch (error) {
      setOutcome({ problem: messageOf(error), isBusy: false });
    }
  };

  return (
    <>
      <form class="try" aria-label="Sample parameters" onSubmit={(event) => void submit(event)}>
        <p class="quiet">Everything is decided as for a real device, and its hook is called, but nothing is created.</p>
        {parameters.length === 0 && <p>This template uses no parameters from the device.</p>}
        <div class="try-fields">
          {parameters.map(({ name, fallback }) => (
            <label key={name} class="field">
              <span>
                <DeviceText text={name} shown={48} />
              </span>
              <input
                value={values[name] ?? ""}
                placeholder={fallback === undefined ? "" : `${fallback} if empty`}
                spellcheck={false}
                onInput={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
              />
            </label>
          ))}
        </div>
        <button type="submit" class="primary" disabled={outcome.isBusy}>
          {outcome.isBusy ? "Trying…" : "Try"}
        </button>
      </form>
      <div aria-live="polite">
        {outcome.problem !== undefined && (
          <div class="notice failure">
            <p class="notice-title">It could not be tried</p>
            <p>
              <DeviceText text={outcome.problem} shown={400} />
            </p>
          </div>
        )}
        {outcome.trial !== undefined && <Result trial={outcome.trial} />}
      </div>
    </>
  );
}

function Result({ trial }: { trial: Trial }): JSX.Element {
  return (
    <div class="trial">
      {trial.allowed ? (
        <div class="notice good">
          <p class="notice-title">The device is registered{trial.thingName !== undefined && <> as <DeviceText text={trial.thingName} /></>}</p>
          <HookAnswer trial={trial} />
        </div>
      ) : (
        <div class="notice failure">
          <p class="notice-title">The device is refused{trial.errorCode !== undefined && trial.errorCode !== "" && ` with ${trial.errorCode}`}</p>
          <p>
            <DeviceText text={trial.errorMessage ?? ""} shown={600} />
          </p>
          {trial.rule !== undefined && <p>Decided by the rule {trial.rule}.</p>}
          <HookAnswer trial={trial} />
        </div>
      )}
      {trial.changes !== undefined && trial.changes.length > 0 && (
        <Table
          caption="What would change in the registry"
          rows={trial.changes}
          keyOf={(change) => JSON.stringify(change)}
          columns={[
            { title: "Change", isHeading: true, cell: (change) => `${change.action} ${change.kind}` },
            { title: "Details", cell: (change) => <ChangeDetails change={change} /> },
          ]}
        />
      )}
      {trial.deviceConfiguration !== undefined && Object.keys(trial.deviceConfiguration).length > 0 && (
        <>
          <h3>The configuration that the device receives</h3>
          <MemberFacts of={trial.deviceConfiguration} />
        </>
      )}
    </div>
  );
}

function HookAnswer({ trial }: { trial: Trial }): JSX.Element | null {
  const { hook } = trial;
  if (hook === undefined) return null;
  return (
    <p>
      Its hook{hook.shadow && " (shadow, decides nothing)"}: {hook.outcome.replace(/_/g, " ")} after {format.latency(hook.seconds)}
      {hook.because !== undefined && (
        <>
          : <DeviceText text={hook.because} shown={300} />
        </>
      )}
      .
    </p>
  );
}

function ChangeDetails({ change }: { change: TrialChange }): JSX.Element {
  const { action: _action, kind: _kind, before, ...members } = change;
  return (
    <>
      <MemberFacts of={members} />
      {before !== undefined && <p class="quiet">Before: <DeviceText text={inWords(before)} shown={300} /></p>}
    </>
  );
}

/** The certificate of a trial is made up, with an id that does not exist. */
const kMadeUp = /(cert\/)?0{64}/g;

function inWords(value: Json | undefined): string {
  if (typeof value === "string") return value.replace(kMadeUp, "the device's certificate");
  const isFlat = typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((one) => typeof one === "string");
  return isFlat ? Object.entries(value).map(([name, text]) => `${name} ${String(text)}`).join(", ") : JSON.stringify(value);
}

function MemberFacts({ of }: { of: Record<string, Json | undefined> }): JSX.Element {
  return (
    <Facts
      of={Object.entries(of).map(([name, value]): [string, JSX.Element] => [
        name,
        <DeviceText text={inWords(value)} shown={200} />,
      ])}
    />
  );
}
