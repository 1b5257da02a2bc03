// SPDX-License-Identifier: Apache-2.0
import type { Page } from "./shapes";

/** The most pages that one search requests by itself to find one with a thing on it. */
const kMostEmptyPages = 10;

/** The server examines a limited number of things per page, so a page may be empty although later ones have matches. */
export async function firstFound<T>(read: (token: string | undefined) => Promise<Page<T>>, token: string | undefined): Promise<Page<T>> {
  let page = await read(token);
  for (let i = 0; i < kMostEmptyPages && page.items.length === 0 && page.next !== undefined; ++i) page = await read(page.next);
  return page;
}
