// SPDX-License-Identifier: Apache-2.0
// How pages read a value or a page of a list: abortable, and read again on demand, after a live event, and after the live feed
// was interrupted.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { remember, remembered } from "../app/remembered";
import { useLiveGeneration, useSigned } from "./context";
import type { LiveEvents } from "./live";
import { type Outcome, Reading } from "./reading";
import type { AuditEvent, Page } from "./shapes";

export interface Resource<T> extends Outcome<T> {
  reload: () => void;
}

/**
 * The result of `load`. A new `key` means a new resource: its value starts empty, and the previous request is aborted. When the
 * same key is read again, the old value stays until the new one arrives.
 * @param version the resource is read again when it changes.
 */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>, version: number | string = 0): Resource<T> {
  const [held, hold] = useState<{ key: string; outcome: Outcome<T> }>({ key, outcome: {} });
  const reading = useRef<Reading<T> | undefined>(undefined);
  const loader = useRef(load);
  loader.current = load;

  useEffect(() => {
    const one = new Reading<T>(
      (signal) => loader.current(signal),
      ({ value, error }) =>
        hold((before) => {
          const last = value ?? (before.key === key ? before.outcome.value : undefined);
          return { key, outcome: { ...(last === undefined ? {} : { value: last }), ...(error === undefined ? {} : { error }) } };
        }),
    );
    reading.current = one;
    one.again();
    return () => one.stop();
  }, [key]);
  const reload = useCallback(() => reading.current?.again(), []);
  useChange(`${useLiveGeneration()} ${version}`, reload);
  return { ...(held.key === key ? held.outcome : {}), reload };
}

/** Calls `act` when the value changes, but not initially. */
function useChange(value: string, act: () => void): void {
  const before = useRef(value);
  useEffect(() => {
    if (before.current === value) return;
    before.current = value;
    act();
  }, [value, act]);
}

export interface Pages<T> extends Resource<Page<T>> {
  items: T[];
  /** The number of the page shown, from 1. The total is unknown; counting would require reading all pages. */
  number: number;
  next?: () => void;
  previous?: () => void;
}

/**
 * A list in pages of the server: forwards by its tokens, back by the tokens used before. The tokens are stored with the entry of
 * the browser's history, so that Back leads to the page that was left. The last page stays until the next one arrives.
 */
export function usePages<T>(key: string, load: (token: string | undefined, signal: AbortSignal) => Promise<Page<T>>): Pages<T> {
  const [, turned] = useState(0);
  const tokens = remembered().tokens?.[key] ?? [];
  const token = tokens.at(-1);
  const resource = useResource(`${key}\n${token ?? ""}`, (signal) => load(token, signal));
  const last = useRef<{ key: string; page: Page<T> } | undefined>(undefined);
  if (resource.value !== undefined) last.current = { key, page: resource.value };
  const isTurning = resource.value === undefined && resource.error === undefined && last.current?.key === key;
  const page = isTurning ? last.current?.page : resource.value;
  const turn = (to: string[]) => (): void => {
    remember({ tokens: { ...remembered().tokens, [key]: to } });
    turned((n) => n + 1);
  };
  const next = isTurning ? undefined : page?.next;
  return {
    ...resource,
    ...(page === undefined ? {} : { value: page }),
    items: page?.items ?? [],
    number: tokens.length + 1,
    ...(next === undefined ? {} : { next: turn([...tokens, next]) }),
    ...(tokens.length === 0 || isTurning ? {} : { previous: turn(tokens.slice(0, -1)) }),
  };
}

/** A frequently changing value, once it has been stable: typed text is not searched for letter by letter. */
export function useRested<T>(value: T, milliseconds: number): T {
  const [rested, rest] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => rest(value), milliseconds);
    return () => window.clearTimeout(timer);
  }, [value, milliseconds]);
  return rested;
}

/**
 * A function that reloads soon after it is called, at most once per interval however often it is called; the initial read counts,
 * too.
 */
export function useRereading(reload: () => void, milliseconds: number): () => void {
  const timer = useRef<number | undefined>(undefined);
  const last = useRef(Date.now());
  const reader = useRef(reload);
  reader.current = reload;
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return useCallback(() => {
    if (timer.current !== undefined) return;
    const wait = Math.max(0, last.current + milliseconds - Date.now());
    timer.current = window.setTimeout(() => {
      timer.current = undefined;
      last.current = Date.now();
      reader.current();
    }, wait);
  }, [milliseconds]);
}

/** Reloads, at most once per interval, when the live feed sends one of these events. */
export function useFollowing(reload: () => void, milliseconds: number, ...names: (keyof LiveEvents)[]): void {
  const { live } = useSigned();
  const reread = useRereading(reload, milliseconds);
  useEffect(() => {
    const ends = names.map((name) => live.listen(name, reread));
    return () => ends.forEach((end) => end());
  }, [live, reread, names.join()]);
}

/** The same for steps that matter or might matter. */
export function useFollowingSteps(reload: () => void, milliseconds: number, matters: (event: AuditEvent) => boolean): void {
  const { live } = useSigned();
  const reread = useRereading(reload, milliseconds);
  const judge = useRef(matters);
  judge.current = matters;
  useEffect(
    () =>
      live.listen("steps", ({ events, leftOut }) => {
        if (leftOut > 0 || events.some((event) => judge.current(event))) reread();
      }),
    [live, reread],
  );
}
