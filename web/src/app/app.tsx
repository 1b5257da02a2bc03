// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Api } from "../api/api";
import { ApiError, Client } from "../api/client";
import { type Signed, SignedContext } from "../api/context";
import { LiveFeed } from "../api/live";
import type { Session } from "../api/shapes";
import { Loading } from "../parts/notices";
import { SignIn } from "../session/sign_in";
import { Frame } from "./frame";
import { followLinks } from "./router";

type Standing =
  | { is: "asking" }
  | { is: "out"; because: string }
  | { is: "in"; session: Session };

export const kSessionEnded = "Your session has ended. Sign in again to go on where you were.";

/** Who is signed in decides what there is: the sign-in page, or the pages with their client and live feed. */
export function App(): JSX.Element {
  const [standing, setStanding] = useState<Standing>({ is: "asking" });
  const csrf = useRef("");
  const live = useRef<LiveFeed | undefined>(undefined);

  const leave = useCallback((because: string) => {
    csrf.current = "";
    live.current?.stop();
    live.current = undefined;
    setStanding({ is: "out", because });
  }, []);
  const api = useMemo(() => new Api(new Client(() => csrf.current, () => leave(kSessionEnded))), [leave]);
  const enter = useCallback((session: Session) => {
    csrf.current = session.csrfToken;
    setStanding({ is: "in", session });
  }, []);

  useEffect(() => {
    document.addEventListener("click", followLinks);
    api.session().then(enter, (error: unknown) => {
      const isKnown = error instanceof ApiError && error.status === 401;
      leave(isKnown ? "" : (error as Error).message);
    });
    return () => document.removeEventListener("click", followLinks);
  }, [api, enter, leave]);

  const signed = useMemo((): Signed | undefined => {
    if (standing.is !== "in") return undefined;
    // A feed that is refused may be one without a session: asking for it tells, and leaves if so.
    const feed = new LiveFeed(() => void api.session().catch(() => undefined));
    live.current = feed;
    return { api, live: feed, session: standing.session };
  }, [standing, api]);

  useEffect(() => {
    signed?.live.start();
    return () => signed?.live.stop();
  }, [signed]);

  if (standing.is === "asking") return <Loading what="your session" />;
  if (signed === undefined) return <SignIn api={api} because={standing.is === "out" ? standing.because : ""} enter={enter} />;
  return (
    <SignedContext.Provider value={signed}>
      <Frame signOut={() => void api.signOut().catch(() => undefined).then(() => leave("You are signed out."))} />
    </SignedContext.Provider>
  );
}
