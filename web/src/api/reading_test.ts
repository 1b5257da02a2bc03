// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from "vitest";
import { ApiError } from "./client";
import { Reading } from "./reading";

interface Asked {
  answer: (value: string) => void;
  refuse: (error: Error) => void;
  signal: AbortSignal;
}

function slow(): { asked: Asked[]; load: (signal: AbortSignal) => Promise<string> } {
  const asked: Asked[] = [];
  const load = (signal: AbortSignal): Promise<string> =>
    new Promise((answer, refuse) => asked.push({ answer, refuse, signal }));
  return { asked, load };
}

/** Lets all pending promise callbacks run. */
async function rested(): Promise<void> {
  await new Promise((done) => setTimeout(done, 0));
}

describe("a reading", () => {
  it("lets a slow answer arrive, and reads once more for all calls meanwhile", async () => {
    const { asked, load } = slow();
    const tell = vi.fn();
    const reading = new Reading(load, tell);
    reading.again();
    for (let i = 0; i < 5; ++i) reading.again();
    expect(asked).toHaveLength(1);
    asked[0]?.answer("old");
    await rested();
    expect(tell).toHaveBeenCalledWith({ value: "old" });
    expect(asked).toHaveLength(2);
    asked[1]?.answer("new");
    await rested();
    expect(tell).toHaveBeenLastCalledWith({ value: "new" });
    expect(asked).toHaveLength(2);
    reading.again();
    expect(asked).toHaveLength(3);
  });
  it("is aborted for good and then reports nothing", async () => {
    const { asked, load } = slow();
    const tell = vi.fn();
    const reading = new Reading(load, tell);
    reading.again();
    reading.again();
    reading.stop();
    expect(asked[0]?.signal.aborted).toBe(true);
    asked[0]?.refuse(new Error("aborted"));
    await rested();
    expect(asked).toHaveLength(1);
    expect(tell).not.toHaveBeenCalled();
  });
  it("continues after an error, but not after a refusal", async () => {
    const { asked, load } = slow();
    const tell = vi.fn();
    const reading = new Reading(load, tell);
    reading.again();
    asked[0]?.refuse(new ApiError(503, "", "later"));
    await rested();
    reading.again();
    expect(asked).toHaveLength(2);
    asked[1]?.refuse(new ApiError(403, "", "never"));
    await rested();
    reading.again();
    await rested();
    expect(asked).toHaveLength(2);
    expect(tell.mock.calls.map(([outcome]) => (outcome as { error: Error }).error.message)).toEqual(["later", "never"]);
  });
});
