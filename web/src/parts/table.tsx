// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Pages } from "../api/resource";
import { Empty, Shown } from "./notices";

export interface Column<T> {
  title: string;
  /** The column that names its row. */
  isHeading?: boolean;
  /** Numbers are right-aligned, so that they can be compared. */
  isNumber?: boolean;
  /** Left out on narrow screens. */
  isMinor?: boolean;
  cell: (row: T) => ComponentChildren;
}

interface TableProps<T> {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string;
  rowClass?: (row: T) => string;
}

/** Roles are explicit because narrow screens show rows as cards, and elements that are not displayed as a table lose theirs. */
export function Table<T>({ caption, columns, rows, keyOf, rowClass }: TableProps<T>): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const isWider = useIsWider(frame);
  return (
    <div ref={frame} class="table-frame" role="group" aria-label={caption} tabIndex={isWider ? 0 : undefined}>
      <table role="table">
        <caption class="visually-hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.title} role="columnheader" scope="col" class={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row" class={rowClass?.(row)}>
              {columns.map((column) =>
                column.isHeading ? (
                  <th key={column.title} role="rowheader" scope="row" class={classOf(column)} data-title={column.title}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.title} role="cell" class={classOf(column)} data-title={column.title}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether the frame can scroll: only then must it be reachable by keyboard. */
function useIsWider(frame: RefObject<HTMLElement>): boolean {
  const [isWider, setWider] = useState(false);
  const measure = (): void => {
    const element = frame.current;
    if (element !== null) setWider(element.scrollWidth > element.clientWidth);
  };
  useEffect(() => {
    const resized = new ResizeObserver(measure);
    if (frame.current !== null) resized.observe(frame.current);
    return () => resized.disconnect();
  }, [frame]);
  // Its content may have become wider.
  useEffect(measure);
  return isWider;
}

function classOf<T>(column: Column<T>): string {
  return [column.isNumber ? "number" : "", column.isMinor ? "minor" : ""].join(" ").trim();
}

/** A table of a paged list, with a notice for an empty one. */
export function PagedTable<T>({
  pages,
  what,
  empty,
  ...table
}: Omit<TableProps<T>, "rows"> & { pages: Pages<T>; what: string; empty: ComponentChildren }): JSX.Element {
  const isWhole = pages.previous === undefined && pages.next === undefined;
  return (
    <>
      <Shown of={pages} what={what}>
        {({ items, next }) => {
          if (items.length > 0) return <Table {...table} rows={items} />;
          if (isWhole) return empty;
          return <Empty title="Nothing here">{next === undefined ? "The list ends before this page." : "There may be more: continue with Next."}</Empty>;
        }}
      </Shown>
      <Pager pages={pages} what={what} />
    </>
  );
}

/** Disabled buttons keep the focus. */
function Pager<T>({ pages: { number, next, previous }, what }: { pages: Pages<T>; what: string }): JSX.Element | null {
  if (number === 1 && next === undefined && previous === undefined) return null;
  const button = (text: string, turn: (() => void) | undefined): JSX.Element => (
    <button type="button" aria-disabled={turn === undefined} onClick={turn}>
      {text}
    </button>
  );
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      {button("Previous", previous)}
      <span role="status">Page {number}</span>
      {button("Next", next)}
    </nav>
  );
}
