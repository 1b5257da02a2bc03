// SPDX-License-Identifier: Apache-2.0
import type { Alarm, AuditEvent, PipelineNow } from "./shapes";

export interface LiveEvents {
  pipeline: PipelineNow;
  alarms: { alarms: Alarm[] };
  /** `leftOut` events were not sent; any of them may matter. */
  steps: { events: AuditEvent[]; leftOut: number };
}

/** `off`: refused from the start, and retried. `polled`: requested every few seconds. */
export type LiveState = "connecting" | "live" | "reconnecting" | "off" | "polled";

/** Live events for all pages while a signed-in user looks at them. */
export abstract class Feed {
  private readonly listeners = new Set<(name: keyof LiveEvents, data: LiveEvents[keyof LiveEvents]) => void>();
  private readonly watchers = new Set<() => void>();
  private readonly latest: Partial<LiveEvents> = {};
  /** Counts connections: lists read before the latest one may be out of date. */
  generation = 0;

  constructor(private current: LiveState) {}

  protected abstract open(): void;
  protected abstract close(): void;
  protected abstract get isOpen(): boolean;

  get state(): LiveState {
    return this.current;
  }

  start(): void {
    document.addEventListener("visibilitychange", this.onVisibility);
    this.open();
  }

  stop(): void {
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.close();
  }

  /** Calls `hear` with each new event of a kind. Returns a function that stops it. */
  listen<Name extends keyof LiveEvents>(name: Name, hear: (data: LiveEvents[Name]) => void): () => void {
    const listener = (which: keyof LiveEvents, data: LiveEvents[keyof LiveEvents]): void => {
      if (which === name) hear(data as LiveEvents[Name]);
    };
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The last event of a kind that describes a state, if there was one. */
  last<Name extends "pipeline" | "alarms">(name: Name): LiveEvents[Name] | undefined {
    return this.latest[name];
  }

  /** Called when `state` or `generation` change. */
  watch(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  protected tell<Name extends keyof LiveEvents>(name: Name, data: LiveEvents[Name]): void {
    Object.assign(this.latest, { [name]: data });
    for (const listener of this.listeners) listener(name, data);
  }

  protected change(state: LiveState): void {
    this.current = state;
    for (const watcher of this.watchers) watcher();
  }

  // A browser has six connections to a server for all its tabs: hidden tabs do not need one.
  private readonly onVisibility = (): void => {
    if (document.visibilityState === "hidden") this.close();
    else if (!this.isOpen) this.open();
  };
}

const kNames = ["pipeline", "alarms", "steps"] as const;
const kFirstDelay = 2_000;
const kLongestDelay = 30_000;

/**
 * One EventSource for all pages. The browser reconnects after a broken connection; after a refusal (a restart, a session that is
 * gone), this class retries with increasing delays.
 */
export class LiveFeed extends Feed {
  private source: EventSource | undefined;
  private retry: number | undefined;
  private delay = kFirstDelay;
  private wasLive = false;

  /** @param isWelcome called after a refusal, whose reason a browser does not reveal: whether to retry. */
  constructor(private readonly isWelcome: () => Promise<boolean>) {
    super("connecting");
  }

  protected get isOpen(): boolean {
    return this.source !== undefined;
  }

  protected open(): void {
    this.close();
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
      if (isRefused) void this.tryAgain(source);
    };
    for (const name of kNames) {
      source.addEventListener(name, (event) => this.hear(name, (event as MessageEvent<string>).data));
    }
  }

  protected close(): void {
    window.clearTimeout(this.retry);
    this.source?.close();
    this.source = undefined;
  }

  private async tryAgain(refused: EventSource): Promise<void> {
    const isWelcome = await this.isWelcome();
    if (!isWelcome || this.source !== refused) return;
    this.retry = window.setTimeout(() => this.open(), this.delay);
    this.delay = Math.min(this.delay * 2, kLongestDelay);
  }

  private hear(name: keyof LiveEvents, text: string): void {
    let data: LiveEvents[typeof name];
    try {
      data = JSON.parse(text) as LiveEvents[typeof name];
    } catch {
      return;
    }
    this.tell(name, data);
  }
}
