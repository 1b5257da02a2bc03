// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Api } from "../api/api";
import { ApiError, Client } from "../api/client";
import { type Signed, SignedContext } from "../api/context";
import { LiveFeed } from "../api/live";
import { PolledFeed } from "../api/polled";
import type { Session } from "../api/shapes";
import { Loading } from "../parts/notices";
import { may } from "../session/rights";
import { SignIn } from "../session/sign_in";
import { Frame } from "./frame";
import { followLinks } from "./router";

type Standing =
  | { is: "asking" }
  | { is: "out"; because: string }
  | { is: "in"; session: Session };

export const kSessionEnded = "Your session has ended. Sign in again to continue where you were.";

/** Shows the sign-in page, or, after sign-in, the pages with their client and feed. */
export function App(): JSX.Element {
  const [standing, setStanding] = useState<Standing>({ is: "asking" });
  const csrf = useRef("");
  const drafts = useRef({ of: "", texts: new Map<string, string>() });

  const leave = useCallback((because: string) => {
    csrf.current = "";
    setStanding({ is: "out", because });
  }, []);
  const enter = useCallback((session: Session) => {
    csrf.current = session.csrfToken;
    // Unsaved text is restored after its author's session has expired, and for nobody else.
    if (drafts.current.of !== session.accessKeyId) drafts.current = { of: session.accessKeyId, texts: new Map() };
    setStanding({ is: "in", session });
  }, []);
  const api = useApiOf(csrf, leave, enter);

  useEffect(() => {
    document.addEventListener("click", followLinks);
    api.session().then(enter, (error: unknown) => {
      const isKnown = error instanceof ApiError && error.isSessionGone;
      leave(isKnown ? "" : (error as Error).message);
    });
    return () => document.removeEventListener("click", followLinks);
  }, [api, enter, leave]);

  const signOut = useCallback(async () => {
    try {
      await api.signOut();
    } catch (error) {
      if (!(error instanceof ApiError && error.isSessionGone)) throw error;
    }
    drafts.current = { of: "", texts: new Map() };
    leave("You are signed out.");
  }, [api, leave]);

  if (standing.is === "asking") return <Loading what="your session" />;
  if (standing.is === "out") return <SignIn api={api} because={standing.because} enter={enter} />;
  return <SignedIn key={standing.session.csrfToken} api={api} session={standing.session} drafts={drafts.current.texts} signOut={signOut} />;
}

/** The client for the current session. If another user signs in in another tab, this tab switches to that user. */
function useApiOf(csrf: { current: string }, leave: (because: string) => void, enter: (session: Session) => void): Api {
  return useMemo(() => {
    let isAsking = false;
    const follow = async (): Promise<void> => {
      if (isAsking) return;
      isAsking = true;
      const session = await api.session().catch(() => undefined);
      isAsking = false;
      if (session !== undefined && csrf.current !== "" && session.csrfToken !== csrf.current) enter(session);
    };
    const api = new Api(new Client(() => csrf.current, () => leave(kSessionEnded), () => void follow()));
    return api;
  }, [csrf, leave, enter]);
}

interface SignedInProps extends Pick<Signed, "api" | "session" | "drafts"> {
  signOut: () => Promise<void>;
}

function SignedIn({ api, session, drafts, signOut }: SignedInProps): JSX.Element {
  const [mayWatch, setMayWatch] = useState(may(session, "watch"));

  const signed = useMemo((): Signed => {
    const isWelcome = async (): Promise<boolean> => {
      const isAllowed = await api.mayWatch();
      if (!isAllowed) setMayWatch(false);
      return isAllowed;
    };
    const polled = {
      pipeline: async (signal: AbortSignal) => (await api.pipeline("hour", signal)).now,
      alarms: async (signal: AbortSignal) => ({ alarms: await api.alarms("raised", signal) }),
    };
    return { api, session, drafts, live: mayWatch ? new LiveFeed(isWelcome) : new PolledFeed(polled) };
  }, [api, session, drafts, mayWatch]);

  useEffect(() => {
    signed.live.start();
    return () => signed.live.stop();
  }, [signed]);

  // Unsaved text is not discarded without confirmation.
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => {
      if (drafts.size > 0) event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [drafts]);

  return (
    <SignedContext.Provider value={signed}>
      <Frame signOut={signOut} />
    </SignedContext.Provider>
  );
}
