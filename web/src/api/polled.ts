// SPDX-License-Identifier: Apache-2.0
import { Feed, type LiveEvents } from "./live";
import { Reading } from "./reading";

export const kPollSeconds = 5;

export interface Polled {
  pipeline: (signal: AbortSignal) => Promise<LiveEvents["pipeline"]>;
  alarms: (signal: AbortSignal) => Promise<LiveEvents["alarms"]>;
}

/**
 * For a key that may not receive live events: requests the state of the feed every few seconds and makes pages reload. Refused
 * requests are not repeated.
 */
export class PolledFeed extends Feed {
  private timer: number | undefined;
  private readonly readings: { again: () => void }[];

  constructor(polled: Polled) {
    super("polled");
    this.readings = [this.readingOf("pipeline", polled.pipeline), this.readingOf("alarms", polled.alarms)];
  }

  protected get isOpen(): boolean {
    return this.timer !== undefined;
  }

  protected open(): void {
    this.timer = window.setInterval(() => {
      for (const reading of this.readings) reading.again();
      this.tell("steps", { events: [], leftOut: 1 });
    }, kPollSeconds * 1000);
  }

  protected close(): void {
    window.clearInterval(this.timer);
    this.timer = undefined;
  }

  private readingOf<Name extends keyof Polled>(name: Name, load: (signal: AbortSignal) => Promise<LiveEvents[Name]>): Reading<LiveEvents[Name]> {
    return new Reading(load, ({ value }) => {
      if (value !== undefined) this.tell(name, value);
    });
  }
}
