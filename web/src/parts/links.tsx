// SPDX-License-Identifier: Apache-2.0
// Names as links to their pages.
import type { ComponentChildren, JSX } from "preact";
import { href } from "../app/router";
import { DeviceText, Fingerprint } from "./device_text";

export function ThingLink({ name }: { name: string }): JSX.Element {
  return (
    <a href={href("device", { thingName: name })}>
      <DeviceText text={name} shown={64} />
    </a>
  );
}

export function CertificateLink({ id }: { id: string }): JSX.Element {
  return (
    <a href={href("device", { certificateId: id })}>
      <Fingerprint id={id} />
    </a>
  );
}

export function ClaimLink({ id }: { id: string }): JSX.Element {
  return (
    <a href={href("claim", { id })}>
      <Fingerprint id={id} />
    </a>
  );
}

export function TemplateLink({ name }: { name: string }): JSX.Element {
  return (
    <a href={href("template", { name })}>
      <DeviceText text={name} />
    </a>
  );
}

export function TemplateLinks({ names, none }: { names: string[]; none: string }): JSX.Element {
  if (names.length === 0) return <>{none}</>;
  return (
    <>
      {names.map((name, i) => (
        <span key={name}>
          {i > 0 && ", "}
          <TemplateLink name={name} />
        </span>
      ))}
    </>
  );
}

/** A text, or a note that there is none. */
export function Maybe({ text, none = "none" }: { text: string | undefined; none?: string }): ComponentChildren {
  return text === undefined || text === "" ? <span class="quiet">{none}</span> : <DeviceText text={text} />;
}
