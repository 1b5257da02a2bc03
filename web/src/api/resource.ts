// SPDX-License-Identifier: Apache-2.0
// How pages read: a value or a page of a list, abortable, read again on demand, when the live feed tells of something, and after
// that was interrupted.
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
 * What `load` answers. Another `key` is another thing: its value starts empty, and the request for the one before is aborted.
 * Read again for the same key, the old value stays until the new one is there.
 * @param version where it changes, the same is read again.
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

/** Acts when the value has become another one; not at first. */
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
  /** Of the page that is shown, from 1; there is no count of them, which would need a walk through all. */
  number: number;
  next?: () => void;
  previous?: () => void;
}

/**
 * A list by pages of the server's, forwards by its tokens and back by those that were used. They are kept with the entry of the
 * browser's history, so that the way back leads to the page that was left. While another page is on its way, the last one stays.
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

/** A value that changes often, once it has rested: what is typed is not searched for letter by letter. */
export function useRested<T>(value: T, milliseconds: number): T {
  const [rested, rest] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => rest(value), milliseconds);
    return () => window.clearTimeout(timer);
  }, [value, milliseconds]);
  return rested;
}

/**
 * A function that reads again soon after it is called, at most once in so many milliseconds however often that is; what has just
 * been read for the first time counts.
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

/** Reads again, at most once in so many milliseconds, when the live feed tells of one of these. */
export function useFollowing(reload: () => void, milliseconds: number, ...names: (keyof LiveEvents)[]): void {
  const { live } = useSigned();
  const reread = useRereading(reload, milliseconds);
  useEffect(() => {
    const ends = names.map((name) => live.listen(name, reread));
    return () => ends.forEach((end) => end());
  }, [live, reread, names.join()]);
}

/** The same for steps that matter, or of which nobody knows whether they do. */
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
