// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../api/client";

let lastId = 0;

/**
 * A confirmation before a change: what will happen, and two buttons. It is the browser's own modal dialog: it traps the focus,
 * Escape closes it, and the focus returns to where it was. A started change cannot be left before its outcome is known.
 */
export function ActionDialog({
  title,
  action,
  isDangerous = false,
  isReady = true,
  run,
  close,
  children,
}: {
  title: string;
  /** The label of the button that makes the change. */
  action: string;
  isDangerous?: boolean;
  isReady?: boolean;
  run: () => Promise<unknown>;
  /** @param isDone whether the change was made, rather than cancelled. */
  close: (isDone: boolean) => void;
  children: ComponentChildren;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [id] = useState(() => `dialog-${++lastId}`);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  useEffect(() => {
    const opener = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      // While it is open, nothing outside it can take the focus.
      shown?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);

  const cancel = (): void => {
    if (!isBusy) close(false);
  };
  // Browsers close a dialog at the second Escape even if the event is cancelled.
  const closed = (): void => {
    if (dialog.current === null) return;
    if (isBusy) dialog.current?.showModal();
    else close(false);
  };

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy || !isReady) return;
    setBusy(true);
    setProblem("");
    try {
      await run();
      // Another dialog may have replaced it by now.
      if (dialog.current !== null) close(true);
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };

  return (
    <dialog ref={dialog} aria-labelledby={id} onCancel={(event) => (event.preventDefault(), cancel())} onClose={closed}>
      <form onSubmit={(event) => void submit(event)}>
        <h2 id={id}>{title}</h2>
        <div class="dialog-body">{children}</div>
        {problem !== "" && (
          <div class="notice failure" role="alert">
            <p class="notice-title">That did not work</p>
            <p>{problem}</p>
          </div>
        )}
        <div class="dialog-actions">
          <button type="button" disabled={isBusy} onClick={cancel}>
            Cancel
          </button>
          <button type="submit" class={isDangerous ? "danger" : "primary"} disabled={isBusy || !isReady}>
            {isBusy ? "Working…" : action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
