// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import type { Pages } from "../api/resource";
import { Empty, Shown } from "./notices";

export interface Column<T> {
  title: string;
  /** The column that names its row. */
  isHeading?: boolean;
  /** Numbers stand to the right, so that they can be compared. */
  isNumber?: boolean;
  /** Left out where the screen is narrow. */
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

export function Table<T>({ caption, columns, rows, keyOf, rowClass }: TableProps<T>): JSX.Element {
  return (
    <div class="table-frame" role="group" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} scope="col" class={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={rowClass?.(row)}>
              {columns.map((column) =>
                column.isHeading ? (
                  <th key={column.title} scope="row" class={classOf(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.title} class={classOf(column)}>
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

function classOf<T>(column: Column<T>): string {
  return [column.isNumber ? "number" : "", column.isMinor ? "minor" : ""].join(" ").trim();
}

/** A table of a list that the server gives by pages, with what stands there when it is empty. */
export function PagedTable<T>({
  pages,
  what,
  empty,
  ...table
}: Omit<TableProps<T>, "rows"> & { pages: Pages<T>; what: string; empty: ComponentChildren }): JSX.Element {
  return (
    <Shown of={pages} what={what}>
      {(page) => (
        <>
          {page.items.length === 0 && pages.previous === undefined && pages.next === undefined ? (
            empty
          ) : page.items.length === 0 ? (
            <Empty title="Nothing here">{page.next === undefined ? "The list ends before this page." : "There is more to look through: go on with Next."}</Empty>
          ) : (
            <Table {...table} rows={page.items} />
          )}
          <Pager pages={pages} what={what} />
        </>
      )}
    </Shown>
  );
}

export function Pager<T>({ pages, what }: { pages: Pages<T>; what: string }): JSX.Element | null {
  if (pages.next === undefined && pages.previous === undefined) return null;
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <button type="button" disabled={pages.previous === undefined} onClick={pages.previous}>
        Previous
      </button>
      <span>Page {pages.number}</span>
      <button type="button" disabled={pages.next === undefined} onClick={pages.next}>
        Next
      </button>
    </nav>
  );
}
