// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { useApi, useMay } from "../api/context";
import { useFollowingSteps, usePages, useResource } from "../api/resource";
import type { AuditEvent } from "../api/shapes";
import { href } from "../app/router";
import { AuditTable } from "../audit/table";
import { DeviceText, Fingerprint } from "../parts/device_text";
import * as format from "../parts/format";
import { TemplateLinks } from "../parts/links";
import { Empty, Shown } from "../parts/notices";
import { Facts, PageHead, Panel } from "../parts/panel";
import { Sentence } from "../parts/sentence";
import { When } from "../parts/when";
import { ClaimActions } from "./actions";
import { ClaimBadge, Devices, rulesOf } from "./claim_words";

const kReread = 3_000;

/** One claim: its budget, what is left of it, whether it is frozen and why, and its events. */
export function ClaimPage({ id }: { id: string }): JSX.Element {
  const api = useApi();
  const mayAudit = useMay("audit");
  const [changes, setChanges] = useState(0);
  const claim = useResource(`claim ${id}`, (signal) => api.claim(id, signal), changes);
  useFollowingSteps(claim.reload, kReread, isOf(id));
  return (
    <>
      <PageHead title={`Claim ${id.slice(0, 12)}`} heading={<>Claim <Fingerprint id={id} /></>} within={["claims", "Claims and batches"]} />
      <Shown of={claim} what="the claim">
        {(value) => {
          const facts: [string, ComponentChildren][] = [
            ["State", <ClaimBadge claim={value} />],
            ["Devices", <Devices claim={value} />],
            ["Templates", <TemplateLinks names={value.budget.templateNames ?? []} none="any that its policy allows" />],
            ["Made", <When at={value.creationDate} />],
            ["Ends", <><When at={value.expiration} /> <span class="quiet">{format.date(value.expiration)}</span></>],
            ["Last used", value.lastUse === undefined ? "never" : <When at={value.lastUse} />],
            ["Certificate", <code class="wrap">{value.certificateId}</code>],
          ];
          const rules = rulesOf(value.budget).map(([name, text]): [string, ComponentChildren] => [name, <DeviceText text={text} />]);
          if (value.learnedNetworks !== undefined) rules.push(["Learned networks", value.learnedNetworks.join(", ")]);
          return (
            <>
              {value.frozen !== undefined && (
                <div class="notice failure">
                  <p class="notice-title">
                    Frozen <When at={value.frozen.at} />
                    {value.frozen.by !== undefined && ` by ${value.frozen.by}`}: none of its devices can register
                  </p>
                  <p>
                    <Sentence text={value.frozen.because} />
                  </p>
                  <p>
                    If it has leaked, leave it frozen, create another claim for the remaining devices, and check the last things it registered. If
                    the budget was too narrow, change it, then thaw the claim.
                  </p>
                </div>
              )}
              <ClaimActions claim={value} changed={() => setChanges(changes + 1)} />
              <div class="columns">
                <Panel title="Details">
                  <Facts of={facts} />
                </Panel>
                <Panel title="Limits">
                  {rules.length === 0 ? <Empty title="It has no limits" /> : <Facts of={rules} />}
                </Panel>
              </div>
            </>
          );
        }}
      </Shown>
      {mayAudit && <Events id={id} />}
    </>
  );
}

function Events({ id }: { id: string }): JSX.Element {
  const api = useApi();
  const pages = usePages(`events of ${id}`, (token, signal) => api.auditEvents({ certificateId: id }, { token, signal }, 25));
  useFollowingSteps(pages.reload, kReread, isOf(id));
  return (
    <Panel title="Events" aside={<a href={href("audit", { certificateId: id })}>In the audit trail</a>}>
      <AuditTable pages={pages} what="the events of this claim" caption="Events of this claim" empty={<Empty title="It has not been used yet" />} />
    </Panel>
  );
}

function isOf(claim: string): (event: AuditEvent) => boolean {
  return (event) => event.certificateId === claim || event.actor === claim;
}
