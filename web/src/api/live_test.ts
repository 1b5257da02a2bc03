// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveFeed } from "./live";

class FakeSource {
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = 0;
  onopen: (() => void) | undefined;
  onerror: (() => void) | undefined;
  readonly heard = new Map<string, (event: { data: string }) => void>();
  constructor(readonly url: string) {
    FakeSource.all.push(this);
  }
  addEventListener(name: string, hear: (event: { data: string }) => void): void {
    this.heard.set(name, hear);
  }
  close(): void {
    this.readyState = FakeSource.CLOSED;
  }
  breakOff(isRefused: boolean): void {
    if (isRefused) this.readyState = FakeSource.CLOSED;
    this.onerror?.();
  }
  say(name: string, data: unknown): void {
    this.heard.get(name)?.({ data: typeof data === "string" ? data : JSON.stringify(data) });
  }
}

const page = { visibilityState: "visible", listeners: [] as (() => void)[] };

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.all = [];
  page.visibilityState = "visible";
  page.listeners = [];
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("document", {
    get visibilityState() {
      return page.visibilityState;
    },
    addEventListener: (_name: string, hear: () => void) => page.listeners.push(hear),
    removeEventListener: () => (page.listeners = []),
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function started(onRefused = vi.fn()): { feed: LiveFeed; source: () => FakeSource; onRefused: ReturnType<typeof vi.fn> } {
  const feed = new LiveFeed(onRefused);
  feed.start();
  return { feed, source: () => FakeSource.all.at(-1) as FakeSource, onRefused };
}

describe("live feed", () => {
  it("tells a newcomer the state at once, and steps only as they happen", () => {
    const { feed, source } = started();
    source().onopen?.();
    source().say("pipeline", { onboarded: 1 });
    source().say("steps", { events: [], leftOut: 0 });
    const states = vi.fn();
    const steps = vi.fn();
    feed.listen("pipeline", states);
    feed.listen("steps", steps);
    expect(states).toHaveBeenCalledWith({ onboarded: 1 });
    expect(steps).not.toHaveBeenCalled();
    source().say("steps", { events: [], leftOut: 3 });
    expect(steps).toHaveBeenCalledWith({ events: [], leftOut: 3 });
  });
  it("has lists read again after it was interrupted, not after it began", () => {
    const { feed, source } = started();
    source().onopen?.();
    expect(feed.generation).toBe(0);
    source().breakOff(false);
    expect(feed.state).toBe("reconnecting");
    expect(FakeSource.all).toHaveLength(1); // the browser does that
    source().onopen?.();
    expect(feed.state).toBe("live");
    expect(feed.generation).toBe(1);
  });
  it("tries again where it was refused, ever more slowly, and asks for the session", () => {
    const { feed, source, onRefused } = started();
    expect(feed.state).toBe("connecting");
    source().breakOff(true);
    expect(feed.state).toBe("off");
    expect(onRefused).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(1_999);
    expect(FakeSource.all).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(FakeSource.all).toHaveLength(2);
    source().breakOff(true);
    vi.advanceTimersByTime(3_999);
    expect(FakeSource.all).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(FakeSource.all).toHaveLength(3);
  });
  it("lets go while nobody looks, and once it is stopped for good", () => {
    const { feed, source } = started();
    source().onopen?.();
    const first = source();
    page.visibilityState = "hidden";
    page.listeners.forEach((hear) => hear());
    expect(first.readyState).toBe(FakeSource.CLOSED);
    page.visibilityState = "visible";
    page.listeners.forEach((hear) => hear());
    expect(FakeSource.all).toHaveLength(2);
    source().breakOff(true);
    feed.stop();
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.all).toHaveLength(2);
  });
  it("passes over what is no JSON", () => {
    const { feed, source } = started();
    const hear = vi.fn();
    feed.listen("alarms", hear);
    source().say("alarms", "{");
    expect(hear).not.toHaveBeenCalled();
  });
});
