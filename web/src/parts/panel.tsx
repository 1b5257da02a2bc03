// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

let lastId = 0;

/** A part of a page with its heading. */
export function Panel({
  title,
  aside,
  children,
  className = "",
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
  className?: string;
}): JSX.Element {
  const id = useRef(`panel-${++lastId}`);
  return (
    <section class={`panel ${className}`} aria-labelledby={id.current}>
      <header class="panel-head">
        <h2 id={id.current}>{title}</h2>
        {aside !== undefined && <div class="panel-aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

/** A page's first line: what it is, and what can be done with all of it. */
export function PageHead({ title, lead, children }: { title: ComponentChildren; lead?: ComponentChildren; children?: ComponentChildren }): JSX.Element {
  return (
    <header class="page-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {lead !== undefined && <p class="lead">{lead}</p>}
      </div>
      {children !== undefined && <div class="page-actions">{children}</div>}
    </header>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Imprint`;
  }, [title]);
}

/** Names and values in two columns. */
export function Facts({ of }: { of: [string, ComponentChildren][] }): JSX.Element {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** One of several views, by buttons: a group of radio buttons in looks and keys. */
export function Choice<T extends string>({
  label,
  options,
  chosen,
  choose,
}: {
  label: string;
  options: [T, string][];
  chosen: T;
  choose: (option: T) => void;
}): JSX.Element {
  const id = useRef(`choice-${++lastId}`);
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">{label}</legend>
      {options.map(([option, text]) => (
        <label key={option} class={option === chosen ? "chosen" : ""}>
          <input type="radio" name={id.current} value={option} checked={option === chosen} onChange={() => choose(option)} />
          {text}
        </label>
      ))}
    </fieldset>
  );
}

/** How much of a limit is used: a bar, with the numbers beside it. */
export function Meter({ label, value, most }: { label: string; value: number; most: number }): JSX.Element {
  return <meter aria-label={label} min={0} max={most} value={Math.min(value, most)} />;
}
