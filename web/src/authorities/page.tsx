// SPDX-License-Identifier: Apache-2.0
// Certificate authorities: which ones sign, when they expire, and what depends on them.
import type { JSX } from "preact";
import { useApi } from "../api/context";
import { useResource } from "../api/resource";
import type { Authority } from "../api/shapes";
import { Badge, StatusBadge, type Tone } from "../parts/badge";
import { DeviceText, Fingerprint } from "../parts/device_text";
import * as format from "../parts/format";
import { TemplateLink } from "../parts/links";
import { Empty, Shown } from "../parts/notices";
import { PageHead, Panel } from "../parts/panel";
import { Table } from "../parts/table";
import { useNow } from "../parts/when";
import { branchesOf } from "./tree";

const kRoles: Record<Authority["role"], string> = {
  root: "root of this deployment",
  issuing: "signs device certificates",
  registered: "your own, registered",
};

export function AuthoritiesPage(): JSX.Element {
  const api = useApi();
  const authorities = useResource("authorities", (signal) => api.authorities(signal));
  const now = useNow();
  return (
    <>
      <PageHead title="Certificate authorities" lead="The CAs that sign device certificates, when they expire, and how many certificates depend on each." />
      <Panel title="Authorities">
        <Shown of={authorities} what="the authorities">
          {(all) =>
            all.length === 0 ? (
              <Empty title="There are no certificate authorities">
                <code>imprint ca register</code> registers a CA of your own.
              </Empty>
            ) : (
              <Table
                caption="Certificate authorities, each below its issuer"
                rows={branchesOf(all)}
                keyOf={({ authority }) => authority.id}
                columns={[
                  {
                    title: "Authority",
                    isHeading: true,
                    cell: ({ authority, level }) => (
                      <div class={`branch level-${Math.min(level, 4)}`}>
                        <DeviceText text={authority.commonName || authority.subject} shown={60} />
                        <span class="quiet">{kRoles[authority.role]}</span>
                        <Fingerprint id={authority.id} />
                      </div>
                    ),
                  },
                  { title: "State", cell: ({ authority }) => <StatusBadge status={authority.status} /> },
                  { title: "Ends", cell: ({ authority }) => <Ends at={authority.notAfter} now={now} /> },
                  { title: "What depends on it", cell: ({ authority }) => dependantsOf(authority, all) },
                  { title: "Its new devices", cell: ({ authority }) => <Newcomers authority={authority} /> },
                ]}
              />
            )
          }
        </Shown>
      </Panel>
    </>
  );
}

function Ends({ at, now }: { at: number; now: number }): JSX.Element {
  const days = (at - now) / 86_400;
  const tone: Tone = days < 30 ? "bad" : days < 180 ? "warn" : "plain";
  return (
    <span class="stacked">
      {tone === "plain" ? format.relative(at, now) : <Badge tone={tone}>{days < 0 ? "expired" : format.relative(at, now)}</Badge>}
      <span class="quiet">{format.date(at)}</span>
    </span>
  );
}

function dependantsOf(authority: Authority, all: Authority[]): string {
  const parts: string[] = [];
  const children = all.filter((other) => other.issuerId === authority.id && other.id !== authority.id).length;
  if (children > 0) parts.push(children === 1 ? "1 authority" : `${children} authorities`);
  if (authority.role === "issuing") parts.push("every certificate that this server issued");
  if (authority.certificates !== undefined) {
    const more = authority.certificatesAreMore === true ? "more than " : "";
    parts.push(`${more}${format.count(authority.certificates)} ${authority.certificates === 1 ? "device certificate" : "device certificates"}`);
  }
  return parts.length === 0 ? "nothing here" : parts.join(", ");
}

function Newcomers({ authority }: { authority: Authority }): JSX.Element {
  if (authority.role !== "registered") return <span class="quiet">{authority.role === "root" ? "signs authorities" : "through claims"}</span>;
  if (authority.templateName !== undefined) {
    return (
      <>
        provisioned by{" "}
        <TemplateLink name={authority.templateName} />
      </>
    );
  }
  return <>{authority.autoRegistration ? "registered, must be activated" : "refused: registration is off"}</>;
}
