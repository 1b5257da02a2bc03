// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from "vitest";
import { firstFound } from "./paging";
import type { Page } from "./shapes";

describe("the first page with a thing on it", () => {
  const pages: Page<number>[] = [{ items: [], next: "1" }, { items: [], next: "2" }, { items: [7], next: "3" }];
  const read = (token: string | undefined): Promise<Page<number>> => Promise.resolve(pages[Number(token ?? 0)] as Page<number>);
  it("is searched for", async () => expect(await firstFound(read, undefined)).toEqual({ items: [7], next: "3" }));
  it("is not searched for endlessly", async () => {
    const empty = vi.fn(() => Promise.resolve({ items: [], next: "again" }));
    expect(await firstFound(empty, undefined)).toEqual({ items: [], next: "again" });
    expect(empty).toHaveBeenCalledTimes(11);
  });
});
