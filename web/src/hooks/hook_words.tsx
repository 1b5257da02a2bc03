// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import type { Hook } from "../api/shapes";
import { Badge } from "../parts/badge";
import * as format from "../parts/format";

/** The last part of an ARN or pattern: the function's name. */
export function shortArn(arn: string): string {
  return arn.slice(arn.lastIndexOf(":") + 1) || arn;
}

export function HookBadge({ hook }: { hook: Hook }): JSX.Element {
  if (hook.breaker === "open") return <Badge tone="bad">not called: it failed too often</Badge>;
  if (hook.breaker === "half-open") return <Badge tone="warn">being retried</Badge>;
  if (hook.shadow) return <Badge tone="plain">shadow: decides nothing</Badge>;
  return hook.asked === 0 ? <Badge tone="plain">not called yet</Badge> : <Badge tone="good">answering</Badge>;
}

export function HookCounts({ hook }: { hook: Hook }): JSX.Element {
  if (hook.asked === 0) return <span class="quiet">none yet</span>;
  const parts: string[] = [`${format.count(hook.answered)} answered`];
  if (hook.failed > 0) parts.push(`${format.count(hook.failed)} failed`);
  if (hook.timedOut > 0) parts.push(`${format.count(hook.timedOut)} too late`);
  return <>{parts.join(", ")}</>;
}
