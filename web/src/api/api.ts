// SPDX-License-Identifier: Apache-2.0
// Every operation that the dashboard asks of the server, by name: the AWS IoT calls and Imprint's own.
import { type Client, type Query, path } from "./client";
import type * as shape from "./shapes";

export const kPageSize = 50;

interface Paging {
  token?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface AuditFilter {
  serialNumber?: string;
  thingName?: string;
  certificateId?: string;
  clientId?: string;
  correlationId?: string;
  step?: string;
  outcome?: string;
  from?: number;
  until?: number;
}

export type Identity = Pick<AuditFilter, "serialNumber" | "thingName" | "certificateId" | "clientId">;

export class Api {
  constructor(private readonly client: Client) {}

  private async page<T>(at: string, member: string, paging: Paging, query: Query = {}, body?: object): Promise<shape.Page<T>> {
    const paged: Query = { ...query, maxResults: query["maxResults"] ?? kPageSize, nextToken: paging.token };
    const answer = await this.client.send<Record<string, unknown>>(
      at,
      body === undefined
        ? { query: paged, signal: paging.signal }
        : { method: "POST", body: { ...body, ...paged }, signal: paging.signal },
    );
    const next = answer["nextToken"];
    return { items: (answer[member] as T[] | undefined) ?? [], ...(typeof next === "string" && next !== "" ? { next } : {}) };
  }

  // ---- session ----

  signIn(accessKeyId: string, secretAccessKey: string): Promise<shape.Session> {
    return this.client.send("/ui/session", { method: "POST", body: { accessKeyId, secretAccessKey } });
  }
  session(): Promise<shape.Session> {
    return this.client.send("/ui/session");
  }
  signOut(): Promise<void> {
    return this.client.send("/ui/session", { method: "DELETE" });
  }

  // ---- pipeline, alarms, hooks ----

  pipeline(span: shape.Span, signal?: AbortSignal): Promise<shape.Pipeline> {
    return this.client.send("/imprint/v1/pipeline", { query: { span }, signal });
  }
  async alarms(state: "raised" | "all", signal?: AbortSignal): Promise<shape.Alarm[]> {
    return (await this.client.send<{ alarms: shape.Alarm[] }>("/imprint/v1/alarms", { query: { state }, signal })).alarms;
  }
  async hooks(signal?: AbortSignal): Promise<shape.Hook[]> {
    return (await this.client.send<{ hooks: shape.Hook[] }>("/imprint/v1/hooks", { signal })).hooks;
  }

  /** Whether this key may receive live events; true if the server does not answer, which is not a refusal. */
  async mayWatch(): Promise<boolean> {
    return (await this.client.status("/imprint/v1/live")) !== 403;
  }

  // ---- audit ----

  /** Refusals of devices, over every way to register, newest first. */
  refusals(category: string, paging: Paging, maxResults = kPageSize): Promise<shape.Page<shape.AuditEvent>> {
    return this.page("/imprint/v1/refusals", "events", paging, { category, maxResults });
  }
  auditEvents(filter: AuditFilter, paging: Paging = {}, maxResults = kPageSize): Promise<shape.Page<shape.AuditEvent>> {
    return this.page("/imprint/v1/audit-events", "events", paging, { ...filter, maxResults });
  }
  explain(who: Identity, signal?: AbortSignal): Promise<shape.Story> {
    return this.client.send("/imprint/v1/explain", { query: { ...who }, signal });
  }
  trail(signal?: AbortSignal): Promise<shape.Trail> {
    return this.client.send("/imprint/v1/audit-trail", { signal });
  }
  verifyTrail(): Promise<shape.TrailCheck> {
    return this.client.send("/imprint/v1/audit-trail/verify", { method: "POST", body: {} });
  }

  // ---- devices ----

  searchThings(queryString: string, paging: Paging): Promise<shape.Page<shape.FoundThing>> {
    return this.page("/indices/search", "things", paging, {}, { queryString });
  }
  thing(name: string, signal?: AbortSignal): Promise<shape.Thing> {
    return this.client.send(path`/things/${name}`, { signal });
  }
  async principalsOf(thing: string, signal?: AbortSignal): Promise<string[]> {
    return (await this.client.send<{ principals: string[] }>(path`/things/${thing}/principals`, { signal })).principals;
  }
  groupsOf(thing: string, signal?: AbortSignal): Promise<shape.Page<string>> {
    return this.groupNames(path`/things/${thing}/thing-groups`, signal);
  }
  groups(prefix: string, signal?: AbortSignal): Promise<shape.Page<string>> {
    return this.groupNames("/thing-groups", signal, { namePrefixFilter: prefix });
  }
  /** The first hundred names. */
  private async groupNames(at: string, signal: AbortSignal | undefined, query: Query = {}): Promise<shape.Page<string>> {
    const page = await this.page<{ groupName: string }>(at, "thingGroups", { signal }, { ...query, maxResults: 100 });
    return { ...page, items: page.items.map((group) => group.groupName) };
  }
  connection(thing: string, signal?: AbortSignal): Promise<shape.Connection> {
    return this.client.send(path`/imprint/v1/things/${thing}/connection`, { signal });
  }
  async certificate(id: string, signal?: AbortSignal): Promise<shape.Certificate> {
    const at = path`/certificates/${id}`;
    return (await this.client.send<{ certificateDescription: shape.Certificate }>(at, { signal })).certificateDescription;
  }
  async effectivePolicies(thing: string, principal: string, signal?: AbortSignal): Promise<shape.PolicyText[]> {
    const answer = await this.client.send<{ effectivePolicies: shape.PolicyText[] }>("/effective-policies", {
      method: "POST",
      query: { thingName: thing },
      body: { principal },
      signal,
    });
    return answer.effectivePolicies;
  }
  setCertificateStatus(id: string, newStatus: "ACTIVE" | "INACTIVE"): Promise<unknown> {
    return this.client.send(path`/certificates/${id}`, { method: "PUT", query: { newStatus } });
  }
  allowReprovisioning(thing: string, validForSeconds: number): Promise<{ expiration: number }> {
    return this.client.send(path`/imprint/v1/things/${thing}/reprovisioning`, { method: "PUT", body: { validForSeconds } });
  }
  withdrawReprovisioning(thing: string): Promise<unknown> {
    return this.client.send(path`/imprint/v1/things/${thing}/reprovisioning`, { method: "DELETE" });
  }
  regroup(thingName: string, thingGroupsToAdd: string[], thingGroupsToRemove: string[]): Promise<unknown> {
    return this.client.send("/thing-groups/updateThingGroupsForThing", {
      method: "PUT",
      body: { thingName, thingGroupsToAdd, thingGroupsToRemove },
    });
  }

  // ---- templates ----

  templates(paging: Paging): Promise<shape.Page<shape.TemplateSummary>> {
    return this.page("/provisioning-templates", "templates", paging);
  }
  template(name: string, signal?: AbortSignal): Promise<shape.Template> {
    return this.client.send(path`/provisioning-templates/${name}`, { signal });
  }
  templateVersions(name: string, paging: Paging): Promise<shape.Page<shape.TemplateVersion>> {
    return this.page(path`/provisioning-templates/${name}/versions`, "versions", paging);
  }
  async templateBody(name: string, version: number, signal?: AbortSignal): Promise<string> {
    const at = path`/provisioning-templates/${name}/versions/${String(version)}`;
    return (await this.client.send<{ templateBody: string }>(at, { signal })).templateBody;
  }
  updateTemplate(name: string, change: { enabled?: boolean; defaultVersionId?: number }): Promise<unknown> {
    return this.client.send(path`/provisioning-templates/${name}`, { method: "PATCH", body: change });
  }
  createTemplateVersion(name: string, templateBody: string, setAsDefault: boolean): Promise<{ versionId: number }> {
    const at = path`/provisioning-templates/${name}/versions`;
    return this.client.send(at, { method: "POST", query: { setAsDefault }, body: { templateBody } });
  }
  async lint(templateBody: string, templateType: string, signal?: AbortSignal): Promise<shape.LintProblem[]> {
    const body = { templateBody, type: templateType };
    return (await this.client.send<{ problems: shape.LintProblem[] }>("/imprint/v1/templates/lint", { method: "POST", body, signal })).problems;
  }
  tryTemplate(name: string, trial: { parameters: Record<string, string>; templateBody?: string; versionId?: number }): Promise<shape.Trial> {
    return this.client.send(path`/imprint/v1/templates/${name}/try`, { method: "POST", body: trial });
  }
  async templateSettings(name: string, signal?: AbortSignal): Promise<shape.SettingInForce[]> {
    const at = path`/imprint/v1/templates/${name}/settings`;
    return (await this.client.send<{ inForce: shape.SettingInForce[] }>(at, { signal })).inForce;
  }

  // ---- claims and batches ----

  claims(paging: Paging): Promise<shape.Page<shape.Claim>> {
    return this.page("/imprint/v1/claims", "claims", paging);
  }
  claim(id: string, signal?: AbortSignal): Promise<shape.Claim> {
    return this.client.send(path`/imprint/v1/claims/${id}`, { signal });
  }
  freezeClaim(id: string, because: string): Promise<shape.Claim> {
    return this.client.send(path`/imprint/v1/claims/${id}/freeze`, { method: "POST", body: { because } });
  }
  thawClaim(id: string): Promise<shape.Claim> {
    return this.client.send(path`/imprint/v1/claims/${id}/thaw`, { method: "POST", body: {} });
  }
  updateClaim(id: string, budget: shape.ClaimBudget, expectedVersion: number): Promise<shape.Claim> {
    return this.client.send(path`/imprint/v1/claims/${id}`, { method: "PUT", body: { ...budget, expectedVersion } });
  }
  lists(paging: Paging): Promise<shape.Page<shape.ManufacturingList>> {
    return this.page("/imprint/v1/lists", "lists", paging);
  }
  list(name: string, signal?: AbortSignal): Promise<shape.ManufacturingList> {
    return this.client.send(path`/imprint/v1/lists/${name}`, { signal });
  }
  listEntries(name: string, paging: Paging): Promise<shape.Page<shape.ListEntry>> {
    return this.page(path`/imprint/v1/lists/${name}/entries`, "entries", paging);
  }
  listEntry(name: string, serial: string, signal?: AbortSignal): Promise<shape.ListEntry> {
    return this.client.send(path`/imprint/v1/lists/${name}/entry`, { query: { serial }, signal });
  }

  // ---- authorities and rotation ----

  async authorities(signal?: AbortSignal): Promise<shape.Authority[]> {
    const at = "/imprint/v1/certificate-authorities";
    return (await this.client.send<{ authorities: shape.Authority[] }>(at, { signal })).authorities;
  }
  async expiringCertificates(days: number, paging: Paging, maxResults = kPageSize): Promise<shape.ExpiryPage> {
    const answer = await this.client.send<{ certificates: shape.ExpiringCertificate[]; nextToken?: string; counts?: shape.ExpiryCount[] }>(
      "/imprint/v1/expiring-certificates",
      { query: { days, maxResults, nextToken: paging.token }, signal: paging.signal },
    );
    return { items: answer.certificates, ...(answer.counts ? { counts: answer.counts } : {}), ...(answer.nextToken ? { next: answer.nextToken } : {}) };
  }
}
