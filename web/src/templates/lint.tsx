// SPDX-License-Identifier: Apache-2.0
import type { JSX } from "preact";
import { useApi } from "../api/context";
import { useResource } from "../api/resource";
import { Badge } from "../parts/badge";
import { DeviceText } from "../parts/device_text";
import { Shown } from "../parts/notices";

/** All problems that the server finds in a text, before the first device registers. */
export function Lint({ body, type }: { body: string; type: string }): JSX.Element {
  const api = useApi();
  const problems = useResource(`lint ${type} ${body}`, (signal) => api.lint(body, type, signal));
  return (
    <Shown of={problems} what="the problems">
      {(all) =>
        all.length === 0 ? (
          <p role="status">
            <Badge tone="good">no problems found</Badge>
          </p>
        ) : (
          <ul class="stack" aria-label="Problems">
            {all.map((problem, i) => (
              <li key={i} class="problem">
                <Badge tone={problem.severity === "error" ? "bad" : "warn"}>{problem.severity}</Badge>
                <div>
                  <p>
                    <code>
                      <DeviceText text={problem.path} />
                    </code>{" "}
                    <DeviceText text={problem.message} shown={400} />
                  </p>
                  <p class="quiet">
                    <DeviceText text={problem.remedy} shown={400} />
                  </p>
                </div>
              </li>
            ))}
          </ul>
        )
      }
    </Shown>
  );
}
