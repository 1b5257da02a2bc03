// SPDX-License-Identifier: Apache-2.0
// The frame around every page: its name, the navigation, whether the feed is live, who is signed in.
import { Fragment, type JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLiveState, useSigned } from "../api/context";
import { kPollSeconds } from "../api/polled";
import { AuditPage } from "../audit/page";
import { RefusalsPage } from "../audit/refusals_page";
import { AuthoritiesPage } from "../authorities/page";
import { BatchPage } from "../claims/batch_page";
import { ClaimPage } from "../claims/claim_page";
import { ClaimsPage } from "../claims/page";
import { DevicePage } from "../devices/device_page";
import { DevicesPage } from "../devices/page";
import { HooksPage } from "../hooks/page";
import { Failure } from "../parts/notices";
import { PageHead } from "../parts/panel";
import { PipelinePage } from "../pipeline/page";
import { RotationPage } from "../rotation/page";
import { type Right, may } from "../session/rights";
import { TemplatesPage } from "../templates/page";
import { TemplatePage } from "../templates/template_page";
import { remembered } from "./remembered";
import { href, scrollBack, useVisit } from "./router";
import { type Theme, useTheme } from "./theme";

interface PageEntry {
  page: string;
  title: string;
  /** The page that is marked in the navigation, if this one is not in it. */
  within?: string;
  /** Without this right, the page would show nothing. */
  needs?: Right;
  /** The query parameters that identify the page's subject: a different value is a different page. */
  of?: string;
  show: (query: URLSearchParams, name: string) => JSX.Element;
}

const kPages: PageEntry[] = [
  { page: "", title: "Pipeline", show: () => <PipelinePage /> },
  { page: "refusals", title: "Refusals", show: (query) => <RefusalsPage query={query} /> },
  { page: "devices", title: "Devices", show: (query) => <DevicesPage query={query} /> },
  { page: "device", title: "Device", within: "devices", show: (query) => <DevicePage query={query} /> },
  { page: "templates", title: "Templates", show: () => <TemplatesPage /> },
  { page: "template", title: "Template", within: "templates", of: "name", show: (_query, name) => <TemplatePage name={name} /> },
  { page: "claims", title: "Claims and batches", show: () => <ClaimsPage /> },
  { page: "claim", title: "Claim", within: "claims", of: "id", show: (_query, name) => <ClaimPage id={name} /> },
  { page: "batch", title: "Batch", within: "claims", of: "name", show: (_query, name) => <BatchPage name={name} /> },
  { page: "authorities", title: "Certificate authorities", needs: "authorities", show: () => <AuthoritiesPage /> },
  { page: "rotation", title: "Rotation", needs: "rotation", show: () => <RotationPage /> },
  { page: "hooks", title: "Hooks", show: () => <HooksPage /> },
  { page: "audit", title: "Audit", needs: "audit", show: (query) => <AuditPage query={query} /> },
];

export function Frame({ signOut }: { signOut: () => Promise<void> }): JSX.Element {
  const visit = useVisit();
  const { session } = useSigned();
  const [problem, setProblem] = useState<Error | undefined>();
  const pages = kPages.filter((one) => one.needs === undefined || may(session, one.needs));
  const entry = pages.find((one) => one.page === visit.page);
  const isHidden = entry === undefined && kPages.some((one) => one.page === visit.page);
  const missing = isHidden ? `The role ${session.role} may not see this page` : "There is no such page";
  const name = visit.query.get(entry?.of ?? "") ?? "";
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);

  // A new page starts at its heading, a revisited one where it was left; the first page starts wherever the browser starts.
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return undefined;
    }
    main.current?.querySelector("h1")?.focus({ preventScroll: true });
    if (visit.by === "pop") return scrollBack(remembered().scroll ?? 0);
    window.scrollTo(0, 0);
    return undefined;
  }, [visit.number]);

  const leave = (): void => {
    setProblem(undefined);
    signOut().catch(setProblem);
  };

  return (
    <div class="frame">
      <a class="skip" href="#content" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href={href("")}>
          <Mark />
          Imprint
        </a>
        <LiveIndicator />
        <div class="top-tools">
          <ThemeSelect />
          <Account signOut={leave} />
        </div>
      </header>
      <nav class="pages" aria-label="Pages">
        <ul>
          {pages
            .filter((one) => one.within === undefined)
            .map((one) => {
              const isHere = one.page === visit.page || one.page === entry?.within;
              return (
                <li key={one.page}>
                  <a href={href(one.page)} aria-current={isHere ? "page" : undefined}>
                    {one.title}
                  </a>
                </li>
              );
            })}
        </ul>
      </nav>
      <main id="content" ref={main} tabIndex={-1}>
        {problem !== undefined && <Failure error={problem} title="You are still signed in" retry={leave} />}
        {entry === undefined ? (
          <PageHead title={missing} lead={<a href={href("")}>Go to the pipeline</a>} />
        ) : (
          <Fragment key={`${entry.page} ${name}`}>{entry.show(visit.query, name)}</Fragment>
        )}
      </main>
    </div>
  );
}

export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="currentColor" />
      <g fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round">
        <path d="M8 20v-3a8 8 0 0 1 16 0v3" />
        <path d="M12 23v-6a4 4 0 0 1 8 0v6" />
        <path d="M16 17v7" />
      </g>
    </svg>
  );
}

function LiveIndicator(): JSX.Element {
  const state = useLiveState();
  const text = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", off: "Not live", polled: `Read every ${kPollSeconds} seconds` }[state];
  return (
    <p class={`feed ${state}`} role="status">
      <span class="feed-dot" aria-hidden="true" />
      {text}
      {(state === "reconnecting" || state === "off") && <span class="feed-more">: this page may be out of date</span>}
    </p>
  );
}

function ThemeSelect(): JSX.Element {
  const [theme, setTheme] = useTheme();
  return (
    <label class="theme">
      <span class="visually-hidden">Colours</span>
      <select value={theme} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
        <option value="system">System</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}

function Account({ signOut }: { signOut: () => void }): JSX.Element {
  const { session } = useSigned();
  return (
    <div class="account">
      <span class="account-who">
        <span class="account-name">{session.name || session.accessKeyId}</span>
        <span class="account-role">{session.role || "own policy"}</span>
      </span>
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </div>
  );
}
