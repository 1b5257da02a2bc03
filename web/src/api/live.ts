// SPDX-License-Identifier: Apache-2.0
import type { Alarm, AuditEvent, PipelineNow } from "./shapes";

export interface LiveEvents {
  pipeline: PipelineNow;
  alarms: { alarms: Alarm[] };
  steps: { events: AuditEvent[]; leftOut: number };
}

/** `off`: refused from the beginning, as where the key may not follow; tried again all the same. */
export type LiveState = "connecting" | "live" | "reconnecting" | "off";

const kNames = ["pipeline", "alarms", "steps"] as const;
const kFirstDelay = 2_000;
const kLongestDelay = 30_000;

/**
 * One EventSource for all pages, kept alive while somebody signed in looks at the page. The browser reconnects where the
 * connection broke; where the server refused it (a restart, a session that is gone), this class tries again, ever more slowly.
 */
export class LiveFeed {
  private source: EventSource | undefined;
  private retry: number | undefined;
  private delay = kFirstDelay;
  private wasLive = false;
  private readonly listeners = new Set<(name: keyof LiveEvents, data: LiveEvents[keyof LiveEvents]) => void>();
  private readonly watchers = new Set<() => void>();
  private readonly latest: Partial<LiveEvents> = {};
  private current: LiveState = "connecting";
  /** Counts connections: lists that were read before the last one may have missed something. */
  generation = 0;

  /** @param onRefused asked to see whether the session still stands. */
  constructor(private readonly onRefused: () => void) {}

  get state(): LiveState {
    return this.current;
  }

  start(): void {
    document.addEventListener("visibilitychange", this.onVisibility);
    this.connect();
  }

  stop(): void {
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.disconnect();
  }

  /** The last event of a kind that describes a state, at once; then each new one. Returns what ends it. */
  listen<Name extends keyof LiveEvents>(name: Name, hear: (data: LiveEvents[Name]) => void): () => void {
    const listener = (which: keyof LiveEvents, data: LiveEvents[keyof LiveEvents]): void => {
      if (which === name) hear(data as LiveEvents[Name]);
    };
    this.listeners.add(listener);
    const known = this.latest[name];
    if (known !== undefined && name !== "steps") hear(known as LiveEvents[Name]);
    return () => this.listeners.delete(listener);
  }

  /** Called when `state` or `generation` change. */
  watch(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  // A browser has six connections to a server for all its tabs: those that nobody sees need none.
  private readonly onVisibility = (): void => {
    if (document.visibilityState === "hidden") this.disconnect();
    else if (this.source === undefined) this.connect();
  };

  private connect(): void {
    this.disconnect();
    const source = new EventSource("/imprint/v1/live");
    this.source = source;
    source.onopen = () => {
      this.delay = kFirstDelay;
      if (this.wasLive) this.generation += 1;
      this.wasLive = true;
      this.change("live");
    };
    source.onerror = () => {
      const isRefused = source.readyState === EventSource.CLOSED;
      this.change(this.wasLive ? "reconnecting" : isRefused ? "off" : "connecting");
      if (!isRefused) return;
      this.onRefused();
      this.retry = window.setTimeout(() => this.connect(), this.delay);
      this.delay = Math.min(this.delay * 2, kLongestDelay);
    };
    for (const name of kNames) {
      source.addEventListener(name, (event) => this.hear(name, (event as MessageEvent<string>).data));
    }
  }

  private disconnect(): void {
    window.clearTimeout(this.retry);
    this.source?.close();
    this.source = undefined;
  }

  private hear(name: keyof LiveEvents, text: string): void {
    let data: LiveEvents[typeof name];
    try {
      data = JSON.parse(text) as LiveEvents[typeof name];
    } catch {
      return;
    }
    Object.assign(this.latest, { [name]: data });
    for (const listener of this.listeners) listener(name, data);
  }

  private change(state: LiveState): void {
    this.current = state;
    for (const watcher of this.watchers) watcher();
  }
}
