// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "./client";
import { LiveFeed } from "./live";
import { PolledFeed } from "./polled";
import type { PipelineNow } from "./shapes";

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

function started(isWelcome = vi.fn(async () => true)): { feed: LiveFeed; source: () => FakeSource; isWelcome: typeof isWelcome } {
  const feed = new LiveFeed(isWelcome);
  feed.start();
  return { feed, source: () => FakeSource.all.at(-1) as FakeSource, isWelcome };
}

describe("live feed", () => {
  it("keeps the last state for a new listener, and sends only new events", () => {
    const { feed, source } = started();
    source().onopen?.();
    expect(feed.last("pipeline")).toBeUndefined();
    source().say("pipeline", { onboarded: 1 });
    const states = vi.fn();
    const steps = vi.fn();
    feed.listen("pipeline", states);
    const end = feed.listen("steps", steps);
    expect(feed.last("pipeline")).toEqual({ onboarded: 1 });
    expect(states).not.toHaveBeenCalled();
    source().say("steps", { events: [], leftOut: 3 });
    expect(steps).toHaveBeenCalledWith({ events: [], leftOut: 3 });
    end();
    source().say("steps", { events: [], leftOut: 4 });
    expect(steps).toHaveBeenCalledOnce();
  });
  it("makes lists reload after an interruption, but not after the start", () => {
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
  it("retries after a refusal, with increasing delays", async () => {
    const { feed, source, isWelcome } = started();
    expect(feed.state).toBe("connecting");
    source().breakOff(true);
    expect(feed.state).toBe("off");
    expect(isWelcome).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(1_999);
    expect(FakeSource.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSource.all).toHaveLength(2);
    source().breakOff(true);
    await vi.advanceTimersByTimeAsync(3_999);
    expect(FakeSource.all).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSource.all).toHaveLength(3);
  });
  it("does not retry where it is not welcome", async () => {
    const { source, isWelcome } = started(vi.fn(async () => false));
    source().breakOff(true);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(FakeSource.all).toHaveLength(1);
    expect(isWelcome).toHaveBeenCalledOnce();
  });
  it("disconnects while hidden, and for good once stopped", async () => {
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
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSource.all).toHaveLength(2);
  });
  it("ignores events that are not JSON", () => {
    const { feed, source } = started();
    const hear = vi.fn();
    feed.listen("alarms", hear);
    source().say("alarms", "{");
    expect(hear).not.toHaveBeenCalled();
  });
});

describe("polled feed", () => {
  it("polls every few seconds while visible, and makes pages reload", async () => {
    const polled = { pipeline: vi.fn(async () => ({ onboarded: 7 }) as PipelineNow), alarms: vi.fn(async () => ({ alarms: [] })) };
    const feed = new PolledFeed(polled);
    const steps = vi.fn();
    feed.listen("steps", steps);
    feed.start();
    expect(feed.state).toBe("polled");
    expect(polled.pipeline).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(feed.last("pipeline")).toEqual({ onboarded: 7 });
    expect(steps).toHaveBeenCalledWith({ events: [], leftOut: 1 });
    page.visibilityState = "hidden";
    page.listeners.forEach((hear) => hear());
    await vi.advanceTimersByTimeAsync(60_000);
    expect(polled.alarms).toHaveBeenCalledOnce();
    page.visibilityState = "visible";
    page.listeners.forEach((hear) => hear());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(polled.alarms).toHaveBeenCalledTimes(2);
    feed.stop();
  });
  it("does not repeat a refused request", async () => {
    const refused = vi.fn(() => Promise.reject(new ApiError(403, "", "no")));
    const feed = new PolledFeed({ pipeline: async () => ({}) as PipelineNow, alarms: refused });
    feed.start();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(refused).toHaveBeenCalledOnce();
    feed.stop();
  });
});
