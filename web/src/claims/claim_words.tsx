// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import type { Claim, ClaimBudget } from "../api/shapes";
import { Badge, type Tone } from "../parts/badge";
import * as format from "../parts/format";
import { Meter } from "../parts/panel";

const kTones: Record<Claim["state"], Tone> = {
  "in-service": "good",
  frozen: "bad",
  revoked: "bad",
  inactive: "warn",
  expired: "plain",
  "not-begun": "plain",
  ended: "plain",
  "used-up": "plain",
};

export function ClaimBadge({ claim }: { claim: Claim }): JSX.Element {
  return <Badge tone={kTones[claim.state]}>{claim.state.replace("-", " ")}</Badge>;
}

/** The number of devices it registered, and the most that it may register. */
export function Devices({ claim }: { claim: Claim }): JSX.Element {
  const most = claim.budget.maxDevices;
  if (most === undefined) return <>{format.count(claim.devices)}, no limit</>;
  return (
    <span class="metered">
      <Meter label={`${claim.devices} of ${most} devices`} value={claim.devices} most={most} />
      <span class="nowrap">
        {format.count(claim.devices)} of {format.count(most)}
      </span>
    </span>
  );
}

/** A budget in words, rule by rule; empty if it limits only the number of devices. */
export function rulesOf(budget: ClaimBudget): [string, string][] {
  const rules: [string, string][] = [];
  if (budget.maxDevices !== undefined) rules.push(["Most devices", format.count(budget.maxDevices)]);
  if (budget.rate !== undefined) rules.push(["Rate", `${format.count(budget.rate.devices)} in ${format.duration(budget.rate.seconds)}`]);
  if (budget.from !== undefined) rules.push(["From", format.timestamp(Date.parse(budget.from) / 1000)]);
  if (budget.until !== undefined) rules.push(["Until", format.timestamp(Date.parse(budget.until) / 1000)]);
  if (budget.serials !== undefined) rules.push(["Serial numbers", `${budget.serials.first} to ${budget.serials.last}`]);
  if (budget.networks !== undefined) rules.push(["Networks", budget.networks.join(", ")]);
  if (budget.learningDevices !== undefined) rules.push(["Learns its networks from", `its first ${format.count(budget.learningDevices)} devices`]);
  return rules;
}
