// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { useApi, useMay } from "../api/context";
import { useResource } from "../api/resource";
import type { AuditEvent, Certificate } from "../api/shapes";
import { StatusBadge } from "../parts/badge";
import { Fingerprint } from "../parts/device_text";
import { ActionDialog } from "../parts/dialog";
import * as format from "../parts/format";
import { CertificateLink } from "../parts/links";
import { Empty, Shown } from "../parts/notices";
import { Facts } from "../parts/panel";
import { When } from "../parts/when";
import { isCertificateId } from "./search";

const kMost = 10;

interface Props {
  thing: string | undefined;
  /** The certificate named in the page's address. */
  named: string | undefined;
  events: AuditEvent[];
  /** Counts the changes made on the page; `changed` increments it. */
  changes: number;
  changed: () => void;
}

/** The current state of certificates that are attached to the thing or mentioned in the story. */
export function Certificates({ thing, named, events, changes, changed }: Props): JSX.Element {
  const api = useApi();
  const told = [...new Set(events.filter((event) => event.detail?.["claim"] !== true).map((event) => event.certificateId ?? ""))].reverse();
  const read = async (signal: AbortSignal): Promise<{ shown: ShownCertificate[]; more: number }> => {
    const attached = thing === undefined ? [] : await api.principalsOf(thing, signal).catch(ignoreMissing<string[]>([]));
    const ids = [...new Set([...(named === undefined ? [] : [named]), ...attached.map((arn) => arn.replace(/^.*:cert\//, "")), ...told])];
    const wanted = ids.filter(isCertificateId);
    const found = await Promise.all(wanted.slice(0, kMost).map((id) => api.certificate(id, signal).catch(ignoreMissing<Certificate | undefined>(undefined))));
    const shown = found.filter((one) => one !== undefined).map((certificate) => ({ certificate, isAttached: attached.includes(certificate.certificateArn) }));
    return { shown, more: Math.max(0, wanted.length - kMost) };
  };
  const certificates = useResource(`certificates ${thing ?? ""} ${named ?? ""}`, read, `${changes} ${told.join()}`);
  return (
    <Shown of={certificates} what="the certificates">
      {({ shown, more }) => (
        <>
          {shown.length === 0 && <Empty title="It has no certificates" />}
          <ul class="stack">
            {shown.map(({ certificate, isAttached }) => (
              <li key={certificate.certificateId}>
                <OneCertificate certificate={certificate} thing={thing} isAttached={isAttached} changed={changed} />
              </li>
            ))}
          </ul>
          {more > 0 && <p class="quiet">It has had {format.plural(more, "certificate")} more; the history names them.</p>}
        </>
      )}
    </Shown>
  );
}

interface ShownCertificate {
  certificate: Certificate;
  isAttached: boolean;
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
  const mayChange = useMay("change");
  const [isAsked, ask] = useState(false);
  const { validity } = certificate;
  const mayBeSet = certificate.status === "ACTIVE" || certificate.status === "INACTIVE";
  return (
    <article class="certificate" aria-label={`Certificate ${certificate.certificateId.slice(0, 12)}`}>
      <p class="certificate-head">
        <CertificateLink id={certificate.certificateId} />
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
      {mayBeSet && mayChange && (
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
        The holder of the key of <Fingerprint id={id} /> can connect again, with the policies that are attached to it.
      </p>
    </ActionDialog>
  );
}
