// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import { useApi, useLive } from "../api/context";
import { useRereading, useResource } from "../api/resource";
import { href } from "../app/router";
import { AuditTable } from "../audit/table";
import { usePages } from "../api/resource";
import { DeviceText, Fingerprint } from "../parts/device_text";
import * as format from "../parts/format";
import { Empty, Shown } from "../parts/notices";
import { Facts, PageHead, Panel, useTitle } from "../parts/panel";
import { Sentence } from "../parts/sentence";
import { When } from "../parts/when";
import { ClaimActions } from "./actions";
import { ClaimBadge, Devices, rulesOf } from "./claim_words";

const kReread = 3_000;

/** One claim: its budget, what is left of it, whether it is frozen and why, and what was done with it. */
export function ClaimPage({ id }: { id: string }): JSX.Element {
  useTitle(`Claim ${id.slice(0, 12)}`);
  const api = useApi();
  const claim = useResource(`claim ${id}`, (signal) => api.claim(id, signal));
  const events = usePages(`events of ${id}`, (token, signal) => api.auditEvents({ certificateId: id }, { token, signal }, 25));
  const reread = useRereading(() => {
    claim.reload();
    events.reload();
  }, kReread);
  useLive("steps", ({ events: seen, leftOut }) => {
    if (leftOut > 0 || seen.some((event) => event.certificateId === id || event.actor === id)) reread();
  });
  return (
    <>
      <p class="crumbs">
        <a href={href("claims")}>Claims and batches</a>
      </p>
      <PageHead title={<>Claim <Fingerprint id={id} /></>} />
      <Shown of={claim} what="the claim">
        {(value) => {
          const facts: [string, ComponentChildren][] = [
            ["State", <ClaimBadge claim={value} />],
            ["Devices", <Devices claim={value} />],
            ["Templates", templatesOf(value.budget.templateNames ?? [])],
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
                    If it has leaked, leave it frozen, make another claim for the devices that are left, and look at the last things it registered. If
                    the budget was too narrow, change it, then thaw the claim.
                  </p>
                </div>
              )}
              <ClaimActions claim={value} changed={() => (claim.reload(), events.reload())} />
              <div class="columns">
                <Panel title="What it is">
                  <Facts of={facts} />
                </Panel>
                <Panel title="What it may do">
                  {rules.length === 0 ? <Empty title="No rule binds it" /> : <Facts of={rules} />}
                </Panel>
              </div>
            </>
          );
        }}
      </Shown>
      <Panel title="What was done with it" aside={<a href={href("audit", { certificateId: id })}>In the audit trail</a>}>
        <AuditTable pages={events} caption="Events of this claim" empty={<Empty title="Nobody used it yet" />} />
      </Panel>
    </>
  );
}

function templatesOf(names: string[]): ComponentChildren {
  if (names.length === 0) return "any that its policy names";
  return names.map((name, i) => (
    <span key={name}>
      {i > 0 && ", "}
      <a href={href("template", { name })}>
        <DeviceText text={name} />
      </a>
    </span>
  ));
}
