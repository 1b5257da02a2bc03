// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { href } from "../app/router";

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

interface PageHeadProps {
  /** The title of the browser's tab, and the heading unless `heading` is given. */
  title: string;
  heading?: ComponentChildren;
  lead?: ComponentChildren;
  /** The page that this one belongs to. */
  within?: [page: string, title: string];
  children?: ComponentChildren;
}

/** The head of a page: its title, and the actions that apply to the whole page. */
export function PageHead({ title, heading = title, lead, within, children }: PageHeadProps): JSX.Element {
  useTitle(title);
  return (
    <>
      {within !== undefined && (
        <p class="crumbs">
          <a href={href(within[0])}>{within[1]}</a>
        </p>
      )}
      <header class="page-head">
        <div>
          <h1 tabIndex={-1}>{heading}</h1>
          {lead !== undefined && <p class="lead">{lead}</p>}
        </div>
        {children !== undefined && <div class="page-actions">{children}</div>}
      </header>
    </>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Imprint`;
  }, [title]);
}

/** One of several numbers shown side by side. */
export function Figure({ title, value, note, tone = "plain" }: { title: string; value: string; note?: string; tone?: string }): JSX.Element {
  return (
    <div class={`figure ${tone}`}>
      <h2>{title}</h2>
      <p class="figure-value">{value}</p>
      {note !== undefined && <p class="figure-note">{note}</p>}
    </div>
  );
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

/** Selects one of several views; looks and works like a group of radio buttons. */
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

const kNearlyAll = 0.9;

/** How much of a limit is used: a bar with the numbers beside it, in another colour when little or nothing is left. */
export function Meter({ label, value, most }: { label: string; value: number; most: number }): JSX.Element {
  return <meter aria-label={label} min={0} max={most} optimum={0} low={most * kNearlyAll} high={most - 0.5} value={Math.min(value, most)} />;
}
