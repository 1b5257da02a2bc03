// SPDX-License-Identifier: Apache-2.0
import { ApiError } from "./client";

export interface Outcome<T> {
  value?: T;
  error?: Error;
}

/**
 * Reads one resource, one request at a time. Further calls during a request cause one more read after it, so slow answers
 * arrive however often something happens. A request that was refused for good is not repeated.
 */
export class Reading<T> {
  private readonly abort = new AbortController();
  private isRunning = false;
  private isWanted = false;
  private isForbidden = false;

  constructor(
    private readonly load: (signal: AbortSignal) => Promise<T>,
    private readonly tell: (outcome: Outcome<T>) => void,
  ) {}

  again(): void {
    this.isWanted = true;
    if (!this.isRunning) void this.run();
  }

  /** Aborts the current request; `tell` is not called any more. */
  stop(): void {
    this.abort.abort();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.isWanted && !this.isForbidden && !this.abort.signal.aborted) {
      this.isWanted = false;
      const outcome = await this.read();
      if (!this.abort.signal.aborted) this.tell(outcome);
    }
    this.isRunning = false;
  }

  private async read(): Promise<Outcome<T>> {
    try {
      return { value: await this.load(this.abort.signal) };
    } catch (error) {
      this.isForbidden = error instanceof ApiError && error.isForbidden;
      return { error: error as Error };
    }
  }
}
