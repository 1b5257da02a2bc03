// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Api } from "../api/api";
import { messageOf } from "../api/client";
import type { Session } from "../api/shapes";
import { Mark } from "../app/frame";
import { useTitle } from "../parts/panel";

/** The secret is read from its field only when it is sent, and never stored. */
export function SignIn({ api, because, enter }: { api: Api; because: string; enter: (session: Session) => void }): JSX.Element {
  const id = useRef<HTMLInputElement>(null);
  const secret = useRef<HTMLInputElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  useTitle("Sign in");
  useEffect(() => {
    id.current?.focus();
  }, []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy || id.current === null || secret.current === null) return;
    setBusy(true);
    setProblem("");
    try {
      enter(await api.signIn(id.current.value.trim(), secret.current.value.trim()));
    } catch (error) {
      setBusy(false);
      setProblem(messageOf(error));
      secret.current.value = "";
      secret.current.focus();
    }
  };

  return (
    <main class="sign-in">
      <form class="panel" onSubmit={(event) => void submit(event)}>
        <h1>
          <Mark /> Imprint
        </h1>
        <p class="lead">Sign in with an access key of this deployment.</p>
        {because !== "" && problem === "" && (
          <div class="notice" role="status">
            <p>{because}</p>
          </div>
        )}
        {problem !== "" && (
          <div class="notice failure" role="alert">
            <p class="notice-title">You are not signed in</p>
            <p>{problem}</p>
          </div>
        )}
        <label class="field">
          <span>Access key id</span>
          <input ref={id} name="accessKeyId" autocomplete="username" spellcheck={false} autocapitalize="off" required maxLength={128} />
        </label>
        <label class="field">
          <span>Secret access key</span>
          <input ref={secret} name="secretAccessKey" type="password" autocomplete="current-password" required maxLength={256} />
        </label>
        <button type="submit" class="primary wide" disabled={isBusy}>
          {isBusy ? "Signing in…" : "Sign in"}
        </button>
        <details class="hint">
          <summary>Where do I find one?</summary>
          <p>
            The deployment's own key is in <code>admin.credentials</code> in its directory. An administrator can create more
            with <code>imprint credentials create DIR --name you --role read-only</code>.
          </p>
        </details>
      </form>
    </main>
  );
}
