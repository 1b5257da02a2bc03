// SPDX-License-Identifier: Apache-2.0
// Runs a Lambda handler as a program (transport = "command"): an event a line in, its answer a line out.
// Anything the handler prints must go to standard error; standard output is for answers.
//
//   command = ["node", "lines.mjs", "pre-provision.js"]
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

console.log = console.error;
const { handler } = await import(pathToFileURL(path.resolve(process.argv[2])).href);

for await (const line of readline.createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = (await handler(JSON.parse(line))) ?? null;
  } catch (error) {
    // As Lambda says it: what the handler threw denies the device.
    answer = { errorType: error?.name ?? typeof error, errorMessage: String(error?.message ?? error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
