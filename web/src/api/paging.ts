// SPDX-License-Identifier: Apache-2.0
import type { Page } from "./shapes";

/** Pages that one search goes through by itself until one has a thing on it. */
const kMostEmptyPages = 10;

/** The server looks through so many things at a time: a page may be empty although there are matches further on. */
export async function firstFound<T>(read: (token: string | undefined) => Promise<Page<T>>, token: string | undefined): Promise<Page<T>> {
  let page = await read(token);
  for (let i = 0; i < kMostEmptyPages && page.items.length === 0 && page.next !== undefined; ++i) page = await read(page.next);
  return page;
}
