// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import * as format from "./format";

const kTick = 10_000;

/** Calls `act` periodically, but not initially. */
export function useEvery(milliseconds: number, act: () => void): void {
  useEffect(() => {
    const timer = window.setInterval(act, milliseconds);
    return () => window.clearInterval(timer);
  }, [milliseconds, act]);
}

/** The current time, updated every ten seconds. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  const tick = useCallback(() => setNow(Date.now() / 1000), []);
  useEvery(kTick, tick);
  return now;
}

/** A time: how long ago, with the exact time as tooltip; the other way round with `exact`. */
export function When({ at, exact = false }: { at: number; exact?: boolean }): JSX.Element {
  const now = useNow();
  const absolute = format.timestamp(at);
  const relative = format.relative(at, now);
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={exact ? relative : absolute}>
      {exact ? absolute : relative}
    </time>
  );
}
