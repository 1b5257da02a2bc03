// SPDX-License-Identifier: Apache-2.0
// A claim's budget as typed.
import type { ClaimBudget } from "../api/shapes";

export interface TypedBudget {
  maxDevices: string;
  rateDevices: string;
  rateSeconds: string;
  first: string;
  last: string;
  networks: string;
}

export function typedOf(budget: ClaimBudget): TypedBudget {
  return {
    maxDevices: String(budget.maxDevices ?? ""),
    rateDevices: String(budget.rate?.devices ?? ""),
    rateSeconds: String(budget.rate?.seconds ?? ""),
    first: budget.serials?.first ?? "",
    last: budget.serials?.last ?? "",
    networks: (budget.networks ?? []).join(", "),
  };
}

/** What is missing: half a rule has no effect. Empty if every rule is complete. */
export function problemOf(typed: TypedBudget): string {
  if ((typed.rateDevices === "") !== (typed.rateSeconds === "")) return "A rate is a number of devices per number of seconds: fill in both, or empty both.";
  if ((typed.first === "") !== (typed.last === "")) return "A range of serial numbers has a first and a last one: fill in both, or empty both.";
  return "";
}

/** The budget with the typed values; its other rules are unchanged. */
export function budgetOf(budget: ClaimBudget, typed: TypedBudget): ClaimBudget {
  const { maxDevices: _most, rate: _rate, networks: _networks, serials: _serials, ...kept } = budget;
  const networks = typed.networks.split(/[\s,]+/).filter((one) => one !== "");
  return {
    ...kept,
    ...(typed.maxDevices === "" ? {} : { maxDevices: Number(typed.maxDevices) }),
    ...(typed.rateDevices === "" ? {} : { rate: { devices: Number(typed.rateDevices), seconds: Number(typed.rateSeconds) } }),
    ...(networks.length === 0 ? {} : { networks }),
    ...(typed.first === "" ? {} : { serials: { first: typed.first, last: typed.last } }),
  };
}
