// SPDX-License-Identifier: Apache-2.0
// How pages read: a value or a page of a list, abortable, read again on demand and after the live feed was interrupted.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { useLiveGeneration } from "./context";
import type { Page } from "./shapes";

export interface Resource<T> {
  value?: T;
  error?: Error;
  isLoading: boolean;
  reload: () => void;
}

interface Held<T> {
  key: string;
  value?: T;
  error?: Error;
}

/**
 * What `load` answers. Another `key` is another thing: its value starts empty, and the request for the one before is aborted.
 * Read again for the same key, the old value stays until the new one is there.
 */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const [held, hold] = useState<Held<T>>({ key });
  const [isLoading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
  const generation = useLiveGeneration();
  const loader = useRef(load);
  loader.current = load;

  useEffect(() => {
    const abort = new AbortController();
    setLoading(true);
    loader.current(abort.signal).then(
      (value) => {
        if (abort.signal.aborted) return;
        hold({ key, value });
        setLoading(false);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        hold((before) => ({ ...(before.key === key ? before : {}), key, error: error as Error }));
        setLoading(false);
      },
    );
    return () => abort.abort();
  }, [key, round, generation]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  const current: Held<T> = held.key === key ? held : { key };
  return {
    ...(current.value !== undefined ? { value: current.value } : {}),
    ...(current.error !== undefined ? { error: current.error } : {}),
    isLoading: isLoading || held.key !== key,
    reload,
  };
}

export interface Pages<T> extends Resource<Page<T>> {
  items: T[];
  /** Of the page that is shown, from 1; there is no count of them, which would need a walk through all. */
  number: number;
  next?: () => void;
  previous?: () => void;
}

/** A list by pages of the server's, forwards by its tokens and back by those that were used. */
export function usePages<T>(key: string, load: (token: string | undefined, signal: AbortSignal) => Promise<Page<T>>): Pages<T> {
  const [place, setPlace] = useState<{ key: string; tokens: string[] }>({ key, tokens: [] });
  const tokens = place.key === key ? place.tokens : [];
  const token = tokens.at(-1);
  const resource = useResource(`${key}\n${token ?? ""}`, (signal) => load(token, signal));
  const next = resource.value?.next;
  return {
    ...resource,
    items: resource.value?.items ?? [],
    number: tokens.length + 1,
    ...(next !== undefined ? { next: () => setPlace({ key, tokens: [...tokens, next] }) } : {}),
    ...(tokens.length > 0 ? { previous: () => setPlace({ key, tokens: tokens.slice(0, -1) }) } : {}),
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

/** A function that reads again soon after it is called, at most once in so many milliseconds however often that is. */
export function useRereading(reload: () => void, milliseconds: number): () => void {
  const timer = useRef<number | undefined>(undefined);
  const last = useRef(0);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return useCallback(() => {
    if (timer.current !== undefined) return;
    const wait = Math.max(0, last.current + milliseconds - Date.now());
    timer.current = window.setTimeout(() => {
      timer.current = undefined;
      last.current = Date.now();
      reload();
    }, wait);
  }, [reload, milliseconds]);
}
