// SPDX-License-Identifier: Apache-2.0
// Notices where there is nothing to show: still loading, empty, or failed.
import type { ComponentChildren, JSX } from "preact";
import { ApiError } from "../api/client";
import type { Resource } from "../api/resource";
import { useSigned } from "../api/context";
import * as format from "./format";

export function Loading({ what }: { what: string }): JSX.Element {
  return (
    <div class="loading" role="status">
      <span class="loading-bar" aria-hidden="true" />
      <span class="loading-bar short" aria-hidden="true" />
      <span class="visually-hidden">Reading {what}</span>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <div class="empty-text">{children}</div>}
    </div>
  );
}

/** Why something could not be read or done, in the server's words, with a button to retry. */
export function Failure({ error, title, retry }: { error: Error; title: string; retry?: () => void }): JSX.Element {
  return (
    <div class="notice failure" role="alert">
      <p class="notice-title">{title}</p>
      <p>{error.message}</p>
      {retry !== undefined && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** The same for a failed read; a user without permission also sees who they are signed in as. */
function Unread({ error, what, retry }: { error: Error; what: string; retry: () => void }): JSX.Element {
  const { session } = useSigned();
  const isForbidden = error instanceof ApiError && error.isForbidden;
  if (!isForbidden) return <Failure error={error} title={`${format.capital(what)} could not be read`} retry={retry} />;
  return (
    <div class="notice failure" role="alert">
      <p class="notice-title">Your key may not see {what}</p>
      <p>{error.message}</p>
      <p>
        You are signed in as {session.name || session.accessKeyId}
        {session.role === "" ? " with a key that has its own policy" : ` with the role ${session.role}`}. Ask an administrator for a key
        that may: <code>imprint credentials create</code>.
      </p>
    </div>
  );
}

/** The three states of a resource: error, loading, loaded. An old value stays until the new one arrives. */
export function Shown<T>({
  of,
  what,
  children,
}: {
  of: Resource<T>;
  what: string;
  children: (value: T) => ComponentChildren;
}): JSX.Element {
  if (of.value !== undefined) {
    return (
      <>
        {of.error !== undefined && <Unread error={of.error} what={what} retry={of.reload} />}
        {children(of.value)}
      </>
    );
  }
  if (of.error !== undefined) return <Unread error={of.error} what={what} retry={of.reload} />;
  return <Loading what={what} />;
}
