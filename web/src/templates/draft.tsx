// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useMay, useSigned } from "../api/context";
import { useRested } from "../api/resource";
import type { Template } from "../api/shapes";
import { ActionDialog } from "../parts/dialog";
import { Panel } from "../parts/panel";
import { laidOut } from "./body";
import { Difference } from "./difference";
import { Lint } from "./lint";
import { TryForm } from "./trial";

const kRest = 500;

/** An unsaved text: checked and tried while typed, then saved as a version. It is kept while other pages are open. */
export function Draft({ template, changed }: { template: Template; changed: () => void }): JSX.Element {
  const { api, drafts } = useSigned();
  const mayChange = useMay("change");
  const stored = laidOut(template.templateBody);
  const name = template.templateName;
  const [text, setText] = useState(drafts.get(name) ?? stored);
  const [isAsked, ask] = useState(false);
  const [asDefault, setAsDefault] = useState(false);
  const rested = useRested(text, kRest);
  const write = (next: string): void => {
    setText(next);
    if (next === stored) drafts.delete(name);
    else drafts.set(name, next);
  };
  return (
    <>
      <Panel
        title="Text"
        aside={
          <span class="actions inline">
            {text !== stored && (
              <button type="button" onClick={() => write(stored)}>
                Start again
              </button>
            )}
            {mayChange && (
              <button type="button" class="primary" disabled={text === stored} onClick={() => ask(true)}>
                Save as a new version
              </button>
            )}
          </span>
        }
      >
        <label class="field">
          <span>A change to the default version is checked as you type; devices are not affected.</span>
          <textarea rows={18} spellcheck={false} value={text} onInput={(event) => write(event.currentTarget.value)} />
        </label>
      </Panel>
      <div class="columns">
        <Panel title="Problems">
          <Lint body={rested} type={template.type} />
        </Panel>
        <Panel title="Try it">
          <TryForm template={template} body={rested} />
        </Panel>
      </div>
      {isAsked && (
        <ActionDialog
          title="Save this text as a new version?"
          action="Save the version"
          run={() => api.createTemplateVersion(name, text, asDefault)}
          close={(isDone) => {
            ask(false);
            if (!isDone) return;
            drafts.delete(name);
            changed();
          }}
        >
          <Difference before={stored} after={laidOut(text)} caption="Differences from the default version" />
          <label class="check">
            <input type="checkbox" checked={asDefault} onChange={(event) => setAsDefault(event.currentTarget.checked)} />
            Make it the default: devices that register from now on use it
          </label>
        </ActionDialog>
      )}
    </>
  );
}
