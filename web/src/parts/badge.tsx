// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";

export type Tone = "good" | "bad" | "warn" | "plain";

const kMarks: Record<Tone, string> = { good: "✓", bad: "✕", warn: "!", plain: "•" };

/** A state in one word, shown by text and mark and also by colour. */
export function Badge({ tone, children }: { tone: Tone; children: string }): JSX.Element {
  return (
    <span class={`badge ${tone}`}>
      <span class="badge-mark" aria-hidden="true">
        {kMarks[tone]}
      </span>
      {children}
    </span>
  );
}

const kStatuses: Record<string, [Tone, string]> = {
  ACTIVE: ["good", "active"],
  INACTIVE: ["warn", "inactive"],
  REVOKED: ["bad", "revoked"],
  PENDING_ACTIVATION: ["plain", "waiting for activation"],
  REGISTER_INACTIVE: ["plain", "registered, inactive"],
  PENDING_TRANSFER: ["plain", "in transfer"],
};

export function StatusBadge({ status }: { status: string }): JSX.Element {
  const [tone, text] = kStatuses[status] ?? (["plain", status.toLowerCase()] as [Tone, string]);
  return <Badge tone={tone}>{text}</Badge>;
}

export function toneOfOutcome(outcome: string): Tone {
  if (outcome === "ok") return "good";
  if (outcome === "raised" || outcome === "lost" || outcome === "timed_out") return "warn";
  return outcome === "resolved" || outcome === "closed" ? "plain" : "bad";
}

export function OutcomeBadge({ outcome }: { outcome: string }): JSX.Element {
  return <Badge tone={toneOfOutcome(outcome)}>{outcome.replace(/_/g, " ")}</Badge>;
}
