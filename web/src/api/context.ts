// SPDX-License-Identifier: Apache-2.0
import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Api } from "./api";
import type { Feed, LiveEvents, LiveState } from "./live";
import { type Right, may } from "../session/rights";
import type { Session } from "./shapes";

/** The context of every page after sign-in. */
export interface Signed {
  api: Api;
  live: Feed;
  session: Session;
  /** By template, its changed text that is not saved yet. */
  drafts: Map<string, string>;
}

export const SignedContext = createContext<Signed | undefined>(undefined);

export function useSigned(): Signed {
  const signed = useContext(SignedContext);
  if (signed === undefined) throw new Error("no page is shown before sign-in");
  return signed;
}

export function useApi(): Api {
  return useSigned().api;
}

/** Whether the signed-in user may do something, as far as the dashboard can know. */
export function useMay(right: Right): boolean {
  return may(useSigned().session, right);
}

export function useLive<Name extends keyof LiveEvents>(name: Name, hear: (data: LiveEvents[Name]) => void): void {
  const { live } = useSigned();
  const hearer = useRef(hear);
  hearer.current = hear;
  useEffect(() => live.listen(name, (data) => hearer.current(data)), [live, name]);
}

export function useLiveState(): LiveState {
  return useOfFeed((live) => live.state);
}

export function useLiveGeneration(): number {
  return useOfFeed((live) => live.generation);
}

function useOfFeed<T>(read: (live: Feed) => T): T {
  const { live } = useSigned();
  const [, changed] = useState(0);
  useEffect(() => live.watch(() => changed((n) => n + 1)), [live]);
  return read(live);
}
