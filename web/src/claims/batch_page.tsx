// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { useApi, useMay } from "../api/context";
import { usePages, useResource, useRested } from "../api/resource";
import type { ListEntry } from "../api/shapes";
import { href } from "../app/router";
import { DeviceText } from "../parts/device_text";
import * as format from "../parts/format";
import { Maybe } from "../parts/links";
import { Empty, Shown } from "../parts/notices";
import { Facts, PageHead, Panel } from "../parts/panel";
import { PagedTable } from "../parts/table";
import { When } from "../parts/when";

const kRest = 300;

/** One manufacturing list: its units page by page, or the unit searched for. */
export function BatchPage({ name }: { name: string }): JSX.Element {
  const api = useApi();
  const mayList = useMay("units");
  const list = useResource(`list ${name}`, (signal) => api.list(name, signal));
  const [serial, setSerial] = useState("");
  const wanted = useRested(serial.trim(), kRest);
  return (
    <>
      <PageHead title={`List ${name}`} heading={<>List <DeviceText text={name} /></>} within={["claims", "Claims and batches"]} />
      <Shown of={list} what="the list">
        {(value) => (
          <Panel title="Details">
            <Facts
              of={[
                ["Units", format.count(value.entries ?? 0)],
                ["Description", <Maybe text={value.description} />],
                ["Made", <When at={value.creationDate} />],
                ["Changed", <When at={value.lastModifiedDate} />],
              ]}
            />
          </Panel>
        )}
      </Shown>
      <Panel title="Units">
        <form class="search" role="search" onSubmit={(event) => event.preventDefault()}>
          <label class="field">
            <span>Whole serial number</span>
            <input type="search" value={serial} maxLength={128} onInput={(event) => setSerial(event.currentTarget.value)} />
          </label>
        </form>
        {wanted !== "" && <Unit name={name} serial={wanted} />}
        {wanted === "" && mayList && <Units name={name} />}
        {wanted === "" && !mayList && <Empty title="Which unit?">Your role may look up one unit by its serial number, but not list all of them.</Empty>}
      </Panel>
    </>
  );
}

function Units({ name }: { name: string }): JSX.Element {
  const api = useApi();
  const pages = usePages(`units of ${name}`, (token, signal) => api.listEntries(name, { token, signal }));
  return (
    <PagedTable
      pages={pages}
      what="the units"
      caption="Units on this list"
      keyOf={serialOf}
      empty={<Empty title="The list has no units">A template that requires this list admits no device.</Empty>}
      columns={[
        {
          title: "Serial number",
          isHeading: true,
          cell: (entry) => (
            <a href={href("device", { serialNumber: serialOf(entry) })}>
              <DeviceText text={serialOf(entry)} />
            </a>
          ),
        },
        { title: "Brings", cell: (entry) => <DeviceText text={restOf(entry)} /> },
      ]}
    />
  );
}

function Unit({ name, serial }: { name: string; serial: string }): JSX.Element {
  const api = useApi();
  const unit = useResource(`unit ${name} ${serial}`, (signal) => api.listEntry(name, serial, signal));
  if (unit.error instanceof ApiError && unit.error.isNotFound) {
    return (
      <Empty title="This serial number is not on the list">
        A device with it is refused. If the unit was really made: <code>imprint list set DIR {name} SERIAL</code>.
      </Empty>
    );
  }
  return (
    <Shown of={unit} what="the unit">
      {(entry) => (
        <Facts
          of={[
            ["Serial number", <a href={href("device", { serialNumber: serialOf(entry) })}><DeviceText text={serialOf(entry)} /></a>],
            ...Object.entries(entry)
              .filter(([column]) => column !== "serial")
              .map(([column, value]): [string, JSX.Element] => [column, <DeviceText text={textOf(value)} />]),
          ]}
        />
      )}
    </Shown>
  );
}

function serialOf(entry: ListEntry): string {
  return textOf(entry["serial"] ?? "");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function restOf(entry: ListEntry): string {
  const rest = Object.entries(entry).filter(([column]) => column !== "serial");
  return rest.length === 0 ? "nothing" : rest.map(([column, value]) => `${column} ${textOf(value)}`).join(", ");
}
