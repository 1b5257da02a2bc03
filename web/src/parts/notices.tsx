// SPDX-License-Identifier: Apache-2.0
// What stands where there is nothing to show: not yet, nothing at all, or not this time.
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

/** Why something could not be read or done, in the server's words, and what to do. */
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

/** The same for what was to be read; who may not see it is told who they are. */
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
        {session.role === "" ? " with a policy of its own" : ` with the role ${session.role}`}. Ask an administrator for a key
        that may: <code>imprint credentials create</code>.
      </p>
    </div>
  );
}

/** The three states of what is read: error, loading, there. An old value stays while a newer one is on its way. */
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
