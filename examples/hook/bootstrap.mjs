// SPDX-License-Identifier: Apache-2.0
// Runs a Lambda handler behind Imprint's Runtime API (transport = "runtime"): asks for an event, calls
// the handler, sends back what it returned or threw. aws-lambda-ric of npm does the same and more.
//
//   AWS_LAMBDA_RUNTIME_API=127.0.0.1:9002 node bootstrap.mjs ./pre-provision.js [LOOPS]
//
// LOOPS is how many events this process takes at the same time (1).
import http from "node:http";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const api = process.env.AWS_LAMBDA_RUNTIME_API;
const [file, loops = "1"] = process.argv.slice(2);
if (!api || !file) {
  console.error("usage: AWS_LAMBDA_RUNTIME_API=HOST:PORT node bootstrap.mjs HANDLER.js [LOOPS]");
  process.exit(2);
}

const agent = new http.Agent({ keepAlive: true });

/** Waits as long as the server does: the next event may be hours away. */
function call(method, what, body = "") {
  return new Promise((resolve, reject) => {
    const request = http.request(
      `http://${api}/2018-06-01/runtime/${what}`,
      { method, agent, headers: { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part) => (text += part));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

const account = (error) =>
  JSON.stringify({ errorType: error?.name ?? typeof error, errorMessage: String(error?.message ?? error) });

let handler;
try {
  ({ handler } = await import(pathToFileURL(path.resolve(file)).href));
  if (typeof handler !== "function") throw new Error(`${file} exports no function named handler`);
} catch (error) {
  console.error(error);
  await call("POST", "init/error", account(error)).catch(() => {});
  process.exit(1);
}

async function serve() {
  for (;;) {
    try {
      const next = await call("GET", "invocation/next");
      if (next.status !== 200) throw new Error(`the Runtime API answered ${next.status}`);
      const id = next.headers["lambda-runtime-aws-request-id"];
      let answer;
      try {
        answer = ["response", JSON.stringify(await handler(JSON.parse(next.text))) ?? "null"];
      } catch (error) {
        answer = ["error", account(error)];
      }
      await call("POST", `invocation/${id}/${answer[0]}`, answer[1]);
    } catch (error) {
      // The server restarts now and then; what it had out is asked again by its devices.
      console.error(`${error.message}; trying again`);
      await pause(1000);
    }
  }
}

console.log(`ready: ${loops} at a time from ${api}`);
await Promise.all(Array.from({ length: Number(loops) }, serve));
