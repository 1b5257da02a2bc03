// SPDX-License-Identifier: Apache-2.0
// One template: its versions and their differences, the problems of a text, and what a device would get from it.
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { useApi, useMay, useSigned } from "../api/context";
import { usePages, useResource } from "../api/resource";
import type { SettingInForce, Template, TemplateVersion } from "../api/shapes";
import { Badge } from "../parts/badge";
import { DeviceText } from "../parts/device_text";
import { ActionDialog } from "../parts/dialog";
import { Maybe } from "../parts/links";
import { Shown } from "../parts/notices";
import { Choice, Facts, PageHead, Panel } from "../parts/panel";
import { PagedTable, Table } from "../parts/table";
import { When } from "../parts/when";
import { laidOut } from "./body";
import { Difference } from "./difference";
import { Draft } from "./draft";
import { Lint } from "./lint";
import { TryForm } from "./trial";

type View = "versions" | "try" | "check" | "settings";
const kViews: [View, string][] = [
  ["versions", "Versions"],
  ["try", "Try it"],
  ["check", "Check or change"],
  ["settings", "Settings"],
];

export function TemplatePage({ name }: { name: string }): JSX.Element {
  const { api, drafts } = useSigned();
  const mayTry = useMay("trials");
  const [view, setView] = useState<View>("versions");
  const template = useResource(`template ${name}`, (signal) => api.template(name, signal));
  const versions = usePages(`versions of ${name}`, (token, signal) => api.templateVersions(name, { token, signal }));
  const changed = (): void => {
    template.reload();
    versions.reload();
  };
  const views = kViews.map(([one, title]): [View, string] => [one, one === "check" && drafts.has(name) ? `${title} (not saved)` : title]);
  return (
    <>
      <PageHead title={`Template ${name}`} heading={<>Template <DeviceText text={name} /></>} within={["templates", "Templates"]} />
      <Shown of={template} what="the template">
        {(value) => (
          <>
            <Summary template={value} changed={changed} />
            {mayTry && <Choice label="View" options={views} chosen={view} choose={setView} />}
            {view === "versions" && <Versions template={value} versions={versions} changed={changed} />}
            {view === "try" && (
              <Panel title="What would a device get?">
                <TryForm template={value} body={undefined} />
              </Panel>
            )}
            {view === "check" && <Draft template={value} changed={changed} />}
            {view === "settings" && <Settings template={value} />}
          </>
        )}
      </Shown>
    </>
  );
}

function Summary({ template, changed }: { template: Template; changed: () => void }): JSX.Element {
  const api = useApi();
  const mayChange = useMay("change");
  const [isAsked, ask] = useState(false);
  const close = (isDone: boolean): void => {
    ask(false);
    if (isDone) changed();
  };
  const set = (enabled: boolean) => () => api.updateTemplate(template.templateName, { enabled });
  return (
    <Panel title="Details" aside={template.enabled ? <Badge tone="good">enabled</Badge> : <Badge tone="warn">disabled</Badge>}>
      <Facts
        of={[
          ["For", template.type === "JITP" ? "devices of a registered CA" : "devices with a claim"],
          ["Default version", String(template.defaultVersionId)],
          ["Changed", <When at={template.lastModifiedDate} />],
          ["Hook", <Maybe text={template.preProvisioningHook?.targetArn} />],
          ["Description", <Maybe text={template.description} />],
        ]}
      />
      {mayChange && (
        <div class="actions">
          <button type="button" class={template.enabled ? "danger" : "primary"} onClick={() => ask(true)}>
            {template.enabled ? "Disable" : "Enable"}
          </button>
        </div>
      )}
      {isAsked && template.enabled && (
        <ActionDialog title="Disable this template?" action="Disable" isDangerous run={set(false)} close={close}>
          <p>Every device that uses it is refused with TemplateDisabled until it is enabled. Registered devices are not affected.</p>
        </ActionDialog>
      )}
      {isAsked && !template.enabled && (
        <ActionDialog title="Enable this template?" action="Enable" run={set(true)} close={close}>
          <p>Devices that use it are registered from now on, with its default version {template.defaultVersionId}.</p>
        </ActionDialog>
      )}
    </Panel>
  );
}

function Versions({
  template,
  versions,
  changed,
}: {
  template: Template;
  versions: ReturnType<typeof usePages<TemplateVersion>>;
  changed: () => void;
}): JSX.Element {
  const api = useApi();
  const mayChange = useMay("change");
  const [wanted, want] = useState<number | undefined>();
  const [chosen, setChosen] = useState<number | undefined>();
  const shown = chosen ?? template.defaultVersionId;
  const others = versions.items.map((version) => version.versionId).filter((id) => id !== shown);
  return (
    <>
      <Panel title="Versions">
        <PagedTable
          pages={versions}
          what="the versions"
          caption="Versions of this template"
          keyOf={(version) => String(version.versionId)}
          rowClass={(version) => (version.versionId === shown ? "chosen" : "")}
          empty={null}
          columns={[
            { title: "Version", isHeading: true, cell: (version) => String(version.versionId) },
            { title: "Made", cell: (version) => <When at={version.creationDate} /> },
            { title: "State", cell: (version) => (version.isDefaultVersion ? <Badge tone="good">default</Badge> : <span class="quiet">not in use</span>) },
            {
              title: "Actions",
              cell: (version) => (
                <span class="actions inline">
                  <button type="button" aria-pressed={version.versionId === shown} onClick={() => setChosen(version.versionId)}>
                    View
                  </button>
                  {!version.isDefaultVersion && mayChange && (
                    <button type="button" onClick={() => want(version.versionId)}>
                      Make it the default
                    </button>
                  )}
                </span>
              ),
            },
          ]}
        />
      </Panel>
      <VersionText template={template} version={shown} others={others} />
      {wanted !== undefined && (
        <ActionDialog
          title={`Make version ${wanted} the default?`}
          action="Make it the default"
          run={() => api.updateTemplate(template.templateName, { defaultVersionId: wanted })}
          close={(isDone) => {
            want(undefined);
            if (isDone) changed();
          }}
        >
          <p>
            Devices that register from now on use version {wanted} instead of version {template.defaultVersionId}. Registered devices are
            not affected.
          </p>
        </ActionDialog>
      )}
    </>
  );
}

function VersionText({ template, version, others }: { template: Template; version: number; others: number[] }): JSX.Element {
  const api = useApi();
  const mayTry = useMay("trials");
  const name = template.templateName;
  const [against, setAgainst] = useState<number | undefined>();
  const compared = against !== undefined && others.includes(against) ? against : undefined;
  const isNewer = compared === undefined || version > compared;
  const body = useResource(`body ${name} ${version}`, (signal) => api.templateBody(name, version, signal));
  const other = useResource(`body ${name} ${compared ?? "none"}`, (signal) =>
    compared === undefined ? Promise.resolve("") : api.templateBody(name, compared, signal),
  );
  return (
    <Panel
      title={`Version ${version}`}
      aside={
        others.length > 0 && (
          <label class="inline-field">
            <span>Compare with</span>
            <select value={String(compared ?? "")} onChange={(event) => setAgainst(event.currentTarget.value === "" ? undefined : Number(event.currentTarget.value))}>
              <option value="">nothing</option>
              {others.map((id) => (
                <option key={id} value={String(id)}>
                  version {id}
                </option>
              ))}
            </select>
          </label>
        )
      }
    >
      <Shown of={body} what="the version">
        {(text) => (
          <>
            {compared === undefined ? (
              <pre tabIndex={0} aria-label={`Text of version ${version}`}>
                <DeviceText text={laidOut(text)} shown={20_000} isDocument />
              </pre>
            ) : (
              <Shown of={other} what="the other version">
                {(otherText) => (
                  <Difference
                    before={laidOut(isNewer ? otherText : text)}
                    after={laidOut(isNewer ? text : otherText)}
                    caption={`From version ${Math.min(compared, version)} to version ${Math.max(compared, version)}`}
                  />
                )}
              </Shown>
            )}
            {mayTry && (
              <>
                <h3>Problems</h3>
                <Lint body={text} type={template.type} />
              </>
            )}
          </>
        )}
      </Shown>
    </Panel>
  );
}

function Settings({ template }: { template: Template }): JSX.Element {
  const api = useApi();
  const settings = useResource(`settings of ${template.templateName}`, (signal) => api.templateSettings(template.templateName, signal));
  return (
    <Panel title="Settings in effect">
      <Shown of={settings} what="the settings">
        {(all) => (
          <Table
            caption="Settings in effect"
            rows={all}
            keyOf={(one: SettingInForce) => one.key}
            columns={[
              { title: "Setting", isHeading: true, cell: (one) => <code>{one.key}</code> },
              { title: "Value", cell: (one) => <SettingValue setting={one} /> },
              { title: "From", cell: (one) => (one.from === "template" ? "this template" : "the deployment") },
            ]}
          />
        )}
      </Shown>
      <p class="quiet">
        <code>imprint template set DIR {template.templateName} KEY=VALUE</code> changes one; <code>docs/gatekeeper.md</code> explains each.
      </p>
    </Panel>
  );
}

function SettingValue({ setting }: { setting: SettingInForce }): ComponentChildren {
  if (setting.key === "fleet-limit" && setting.value === "0") return <span class="quiet">0: no limit</span>;
  return <Maybe text={setting.value} none="not set" />;
}
