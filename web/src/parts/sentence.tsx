// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { href } from "../app/router";
import { DeviceText, Fingerprint } from "./device_text";

const kId = /\b([0-9a-f]{64})\b/;

/** A sentence from the server, with device text as plain text and every certificate as a link to its story. */
export function Sentence({ text, shown = 400 }: { text: string; shown?: number }): JSX.Element {
  const parts = text.split(kId);
  if (parts.length === 1) return <DeviceText text={text} shown={shown} />;
  return (
    <>
      {parts.map((part, i) =>
        i % 2 === 1 ? (
          <a key={i} href={href("device", { certificateId: part })}>
            <Fingerprint id={part} />
          </a>
        ) : (
          part !== "" && <DeviceText key={i} text={part} shown={shown} />
        ),
      )}
    </>
  );
}

/** The address of a story, by the best name of the device. */
export function storyOf(who: { thingName?: string; serialNumber?: string; certificateId?: string; clientId?: string }): string | undefined {
  if (who.serialNumber) return href("device", { serialNumber: who.serialNumber });
  if (who.thingName) return href("device", { thingName: who.thingName });
  if (who.clientId) return href("device", { clientId: who.clientId });
  if (who.certificateId) return href("device", { certificateId: who.certificateId });
  return undefined;
}
