// SPDX-License-Identifier: Apache-2.0
// Runs a Lambda handler as a web server (transport = "http"), and lets nobody in who cannot sign.
//
//   node server.mjs ./pre-provision.js --port 9003 --key FILE [--delay MILLISECONDS]
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: "string" }, key: { type: "string" }, delay: { type: "string", default: "0" } },
});
const key = fs.readFileSync(values.key, "utf8").trim();
const { handler } = await import(pathToFileURL(path.resolve(positionals[0])).href);
const FIVE_MINUTES = 300;

/** Imprint-Signature: t=SECONDS,v1=HEX, the HMAC-SHA-256 of "SECONDS.BODY". */
function isSigned(header, body) {
  const found = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header ?? "");
  if (!found || Math.abs(Date.now() / 1000 - Number(found[1])) > FIVE_MINUTES) return false;
  const expected = crypto.createHmac("sha256", key).update(`${found[1]}.${body}`).digest();
  return crypto.timingSafeEqual(expected, Buffer.from(found[2], "hex"));
}

let now = 0;
let most = 0;

async function answer(request, body) {
  if (request.method === "GET") return [200, { most }];  // for the curious
  if (!isSigned(request.headers["imprint-signature"], body)) return [403, { message: "not signed" }];
  most = Math.max(most, ++now);
  try {
    await pause(Number(values.delay));
    return [200, await handler(JSON.parse(body))];
  } catch (error) {
    return [200, { allowProvisioning: false, because: error.message }];
  } finally {
    --now;
  }
}

http
  .createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (part) => (body += part));
    request.on("end", async () => {
      const [status, value] = await answer(request, body);
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
    });
  })
  .listen(Number(values.port), "127.0.0.1", () => console.log(`ready on ${values.port}`));
