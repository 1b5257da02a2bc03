// SPDX-License-Identifier: Apache-2.0
// Addresses under /ui/: the path names a page; the query, which can contain any text, names what it shows.
import { useEffect, useState } from "preact/hooks";
import { type Query, queryText } from "../api/client";
import { remember } from "./remembered";

export const kBase = "/ui/";

export interface Place {
  page: string;
  query: URLSearchParams;
}

/** How a place was reached: by a link, back or forward, or by changing what the same page shows. */
export type Coming = "push" | "pop" | "replace";

export interface Visit extends Place {
  by: Coming;
  /** New for every navigation; unchanged while a page changes its own address. */
  number: number;
}

export function placeOf(location: { pathname: string; search: string }): Place {
  const rest = location.pathname.startsWith(kBase) ? location.pathname.slice(kBase.length) : "";
  return { page: rest.replace(/\/+$/, ""), query: new URLSearchParams(location.search) };
}

/** The address of a page, for links. */
export function href(page: string, query: Query = {}): string {
  return kBase + page + queryText(query);
}

const listeners = new Set<(by: Coming) => void>();

export function go(to: string, how: "push" | "replace" = "push"): void {
  if (how === "push") {
    remember({ scroll: window.scrollY });
    history.pushState(null, "", to);
  } else {
    history.replaceState(null, "", to);
  }
  for (const listener of listeners) listener(how);
}

export function useVisit(): Visit {
  const [visit, setVisit] = useState<Visit>(() => ({ ...placeOf(window.location), by: "push", number: 0 }));
  useEffect(() => {
    const read = (by: Coming): void =>
      setVisit((before) => ({ ...placeOf(window.location), by, number: before.number + (by === "replace" ? 0 : 1) }));
    const readBack = (): void => read("pop");
    listeners.add(read);
    window.addEventListener("popstate", readBack);
    return () => {
      listeners.delete(read);
      window.removeEventListener("popstate", readBack);
    };
  }, []);
  return visit;
}

/** Links within the dashboard change the place without reloading; all others behave as usual. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.("a[href]");
  if (!(link instanceof HTMLAnchorElement) || link.target !== "" || link.hasAttribute("download")) return;
  if (link.origin !== window.location.origin || !link.pathname.startsWith(kBase) || link.getAttribute("href")?.startsWith("#")) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

/** Scrolls to where a page was left, once it is long enough, unless the user scrolls meanwhile. Returns a function that stops it. */
export function scrollBack(to: number): () => void {
  const acts = ["wheel", "touchmove", "keydown"];
  const grown = new ResizeObserver(() => {
    if (document.documentElement.scrollHeight < to + window.innerHeight) return;
    window.scrollTo(0, to);
    stop();
  });
  const stop = (): void => {
    grown.disconnect();
    for (const act of acts) window.removeEventListener(act, stop);
  };
  for (const act of acts) window.addEventListener(act, stop);
  grown.observe(document.body);
  return stop;
}
