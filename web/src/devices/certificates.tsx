// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { mayChange, useApi, useSigned } from "../api/context";
import { useResource } from "../api/resource";
import type { AuditEvent, Certificate } from "../api/shapes";
import { href } from "../app/router";
import { StatusBadge } from "../parts/badge";
import { Fingerprint } from "../parts/device_text";
import { ActionDialog } from "../parts/dialog";
import * as format from "../parts/format";
import { Empty, Shown } from "../parts/notices";
import { Facts } from "../parts/panel";
import { When } from "../parts/when";

const kMost = 10;

interface Props {
  thing: string | undefined;
  /** The certificate that the page is about. */
  named: string | undefined;
  events: AuditEvent[];
  changed: () => void;
}

/** Those that are attached to the thing, and those that the story speaks of, as they are now. */
export function Certificates({ thing, named, events, changed }: Props): JSX.Element {
  const api = useApi();
  const told = [...new Set(events.filter((event) => event.detail?.["claim"] !== true).map((event) => event.certificateId ?? ""))];
  const certificates = useResource(`certificates ${thing ?? ""} ${named ?? ""} ${told.join()}`, async (signal) => {
    const attached = thing === undefined ? [] : await api.principalsOf(thing, signal).catch(ignoreMissing<string[]>([]));
    const ids = [...new Set([...(named === undefined ? [] : [named]), ...attached.map((arn) => arn.replace(/^.*:cert\//, "")), ...told.reverse()])];
    const wanted = ids.filter((id) => /^[0-9a-f]{64}$/.test(id)).slice(0, kMost);
    const found = await Promise.all(wanted.map((id) => api.certificate(id, signal).catch(ignoreMissing<Certificate | undefined>(undefined))));
    return found.filter((one) => one !== undefined).map((one) => ({ certificate: one, isAttached: attached.includes(one.certificateArn) }));
  });
  return (
    <Shown of={certificates} what="the certificates">
      {(all) =>
        all.length === 0 ? (
          <Empty title="It has none" />
        ) : (
          <ul class="stack">
            {all.map(({ certificate, isAttached }) => (
              <li key={certificate.certificateId}>
                <OneCertificate certificate={certificate} thing={thing} isAttached={isAttached} changed={changed} />
              </li>
            ))}
          </ul>
        )
      }
    </Shown>
  );
}

function ignoreMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof ApiError && error.isNotFound) return instead;
    throw error;
  };
}

interface OneProps {
  certificate: Certificate;
  thing: string | undefined;
  isAttached: boolean;
  changed: () => void;
}

function OneCertificate({ certificate, thing, isAttached, changed }: OneProps): JSX.Element {
  const { session } = useSigned();
  const [isAsked, ask] = useState(false);
  const { validity } = certificate;
  const mayBeSet = certificate.status === "ACTIVE" || certificate.status === "INACTIVE";
  return (
    <article class="certificate" aria-label={`Certificate ${certificate.certificateId.slice(0, 12)}`}>
      <p class="certificate-head">
        <a href={href("device", { certificateId: certificate.certificateId })}>
          <Fingerprint id={certificate.certificateId} />
        </a>
        <StatusBadge status={certificate.status} />
      </p>
      <Facts
        of={[
          ["Attached", isAttached ? "to this thing" : thing === undefined ? "to no thing yet" : "not to this thing"],
          ["Made", <When at={certificate.creationDate} />],
          ["Changed", <When at={certificate.lastModifiedDate} />],
          ["Ends", validity === undefined ? "unknown" : <><When at={validity.notAfter} /> <span class="quiet">{format.date(validity.notAfter)}</span></>],
        ]}
      />
      {mayBeSet && mayChange(session) && (
        <button type="button" class={certificate.status === "ACTIVE" ? "danger" : ""} onClick={() => ask(true)}>
          {certificate.status === "ACTIVE" ? "Deactivate" : "Activate"}
        </button>
      )}
      {isAsked && (
        <SetStatus
          certificate={certificate}
          close={(isDone) => {
            ask(false);
            if (isDone) changed();
          }}
        />
      )}
    </article>
  );
}

function SetStatus({ certificate, close }: { certificate: Certificate; close: (isDone: boolean) => void }): JSX.Element {
  const api = useApi();
  const id = certificate.certificateId;
  if (certificate.status === "ACTIVE") {
    return (
      <ActionDialog title="Deactivate this certificate?" action="Deactivate" isDangerous run={() => api.setCertificateStatus(id, "INACTIVE")} close={close}>
        <p>
          The device that holds <Fingerprint id={id} /> is disconnected at once and cannot connect again until the certificate is activated. Nothing is
          deleted.
        </p>
      </ActionDialog>
    );
  }
  return (
    <ActionDialog title="Activate this certificate?" action="Activate" run={() => api.setCertificateStatus(id, "ACTIVE")} close={close}>
      <p>
        Whoever holds the key of <Fingerprint id={id} /> can connect again, with the policies that are attached to it.
      </p>
    </ActionDialog>
  );
}
