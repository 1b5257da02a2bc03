// SPDX-License-Identifier: Apache-2.0
// Templates: what a device gets when it registers.
import type { JSX } from "preact";
import { useApi } from "../api/context";
import { usePages } from "../api/resource";
import { Badge } from "../parts/badge";
import { Maybe, TemplateLink } from "../parts/links";
import { Empty } from "../parts/notices";
import { PageHead, Panel } from "../parts/panel";
import { PagedTable } from "../parts/table";
import { When } from "../parts/when";

export function TemplatesPage(): JSX.Element {
  const api = useApi();
  const pages = usePages("templates", (token, signal) => api.templates({ token, signal }));
  return (
    <>
      <PageHead title="Templates" lead="What a device gets when it registers: its thing, certificate, policies and groups, from the parameters that it sends." />
      <Panel title="Provisioning templates">
        <PagedTable
          pages={pages}
          what="the templates"
          caption="Provisioning templates"
          keyOf={(one) => one.templateName}
          empty={
            <Empty title="There are no templates">
              Create one: <code>aws iot create-provisioning-template</code>. <code>docs/claims.md</code> describes the next steps.
            </Empty>
          }
          columns={[
            { title: "Template", isHeading: true, cell: (one) => <TemplateLink name={one.templateName} /> },
            { title: "State", cell: (one) => (one.enabled ? <Badge tone="good">enabled</Badge> : <Badge tone="warn">disabled</Badge>) },
            { title: "For", cell: (one) => (one.type === "JITP" ? "devices of a registered CA" : "devices with a claim") },
            { title: "Description", isMinor: true, cell: (one) => <Maybe text={one.description} /> },
            { title: "Changed", cell: (one) => <When at={one.lastModifiedDate} /> },
          ]}
        />
      </Panel>
    </>
  );
}
