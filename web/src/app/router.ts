// SPDX-License-Identifier: Apache-2.0
// Addresses under /ui/: a page is a word of the path, what it shows is in the query, where any text can stand.
import { useEffect, useState } from "preact/hooks";
import { type Query, queryText } from "../api/client";

export const kBase = "/ui/";

export interface Place {
  page: string;
  query: URLSearchParams;
}

export function placeOf(location: { pathname: string; search: string }): Place {
  const rest = location.pathname.startsWith(kBase) ? location.pathname.slice(kBase.length) : "";
  return { page: rest.replace(/\/+$/, ""), query: new URLSearchParams(location.search) };
}

/** The address of a page, for links. */
export function href(page: string, query: Query = {}): string {
  return kBase + page + queryText(query);
}

const listeners = new Set<() => void>();

export function go(to: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  for (const listener of listeners) listener();
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(window.location));
  useEffect(() => {
    const read = (): void => setPlace(placeOf(window.location));
    listeners.add(read);
    window.addEventListener("popstate", read);
    return () => {
      listeners.delete(read);
      window.removeEventListener("popstate", read);
    };
  }, []);
  return place;
}

/** Links within the dashboard change the place without loading anew; all others do what links do. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.("a[href]");
  if (!(link instanceof HTMLAnchorElement) || link.target !== "" || link.hasAttribute("download")) return;
  if (link.origin !== window.location.origin || !link.pathname.startsWith(kBase) || link.getAttribute("href")?.startsWith("#")) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
