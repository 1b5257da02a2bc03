// SPDX-License-Identifier: Apache-2.0
// What is around every page: its name, the ways to the others, whether the feed is live, who is signed in.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useLiveState, useSigned } from "../api/context";
import { AuditPage } from "../audit/page";
import { AuthoritiesPage } from "../authorities/page";
import { BatchPage } from "../claims/batch_page";
import { ClaimPage } from "../claims/claim_page";
import { ClaimsPage } from "../claims/page";
import { DevicePage } from "../devices/device_page";
import { DevicesPage } from "../devices/page";
import { HooksPage } from "../hooks/page";
import { PageHead } from "../parts/panel";
import { PipelinePage } from "../pipeline/page";
import { RotationPage } from "../rotation/page";
import { TemplatesPage } from "../templates/page";
import { TemplatePage } from "../templates/template_page";
import { type Place, href, usePlace } from "./router";
import { type Theme, useTheme } from "./theme";

interface PageEntry {
  page: string;
  title: string;
  /** The page in the navigation that it belongs to, when it is not there itself. */
  within?: string;
  show: (place: Place) => JSX.Element;
}

const kPages: PageEntry[] = [
  { page: "", title: "Pipeline", show: () => <PipelinePage /> },
  { page: "devices", title: "Devices", show: (place) => <DevicesPage query={place.query} /> },
  { page: "device", title: "Device", within: "devices", show: (place) => <DevicePage query={place.query} /> },
  { page: "templates", title: "Templates", show: () => <TemplatesPage /> },
  { page: "template", title: "Template", within: "templates", show: (place) => <TemplatePage name={place.query.get("name") ?? ""} /> },
  { page: "claims", title: "Claims and batches", show: () => <ClaimsPage /> },
  { page: "claim", title: "Claim", within: "claims", show: (place) => <ClaimPage id={place.query.get("id") ?? ""} /> },
  { page: "batch", title: "Batch", within: "claims", show: (place) => <BatchPage name={place.query.get("name") ?? ""} /> },
  { page: "authorities", title: "Certificate authorities", show: () => <AuthoritiesPage /> },
  { page: "rotation", title: "Rotation", show: () => <RotationPage /> },
  { page: "hooks", title: "Hooks", show: () => <HooksPage /> },
  { page: "audit", title: "Audit", show: (place) => <AuditPage query={place.query} /> },
];

export function Frame({ signOut }: { signOut: () => void }): JSX.Element {
  const place = usePlace();
  const entry = kPages.find((one) => one.page === place.page);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);

  // A new page is read from its heading on; the one that was loaded begins where browsers begin.
  useEffect(() => {
    if (!isFirst.current) {
      window.scrollTo(0, 0);
      main.current?.querySelector("h1")?.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [place.page]);

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
          <Account signOut={signOut} />
        </div>
      </header>
      <nav class="pages" aria-label="Pages">
        <ul>
          {kPages
            .filter((one) => one.within === undefined)
            .map((one) => {
              const isHere = one.page === place.page || one.page === entry?.within;
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
        {entry?.show(place) ?? (
          <PageHead title="There is no such page" lead={<a href={href("")}>Go to the pipeline</a>} />
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
  const text = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", off: "Not live" }[state];
  return (
    <p class={`live ${state}`} role="status">
      <span class="live-dot" aria-hidden="true" />
      {text}
      {(state === "reconnecting" || state === "off") && <span class="live-more">: what you see may be old</span>}
    </p>
  );
}

function ThemeSelect(): JSX.Element {
  const [theme, setTheme] = useTheme();
  return (
    <label class="theme">
      <span class="visually-hidden">Colours</span>
      <select value={theme} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
        <option value="system">As the system</option>
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
