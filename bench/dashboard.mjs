// SPDX-License-Identifier: Apache-2.0
// Measures the dashboard's speed with ten devices and with a million: the first paint, the page with all its data, and each
// request, in a real browser against a real imprintd. Asserts nothing; prints medians in milliseconds and the ratio.
// usage: ./dev bench dashboard [DEVICES] [REPEATS]
import { execFile } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launch, openPage, settled, signIn } from "../test/browser/browser.mjs";
import { Deployment } from "../test/browser/deployment.mjs";

const kBin = process.env.IMPRINT_BIN ?? join(resolve(dirname(fileURLToPath(import.meta.url)), ".."), "build/bin");
const kFew = 10;
const [devices, repeats] = [Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 5)];
if (!Number.isInteger(devices) || devices < kFew || !Number.isInteger(repeats) || repeats < 1) {
  console.error("usage: ./dev bench dashboard [DEVICES] [REPEATS]");
  process.exit(2);
}

const kAddresses = {
  Pipeline: "",
  "Devices: all": "devices",
  "Devices: a serial number": "devices?by=serial&q=0000007",
  "Devices: a part of a name": "devices?by=serial&q=ice-00000",
  "Devices: nothing has it": "devices?by=serial&q=no-such-device",
  "Devices: a name's beginning": "devices?by=thing&q=device-000000",
  "Devices: a rare type": "devices?by=type&q=Rare",
  "Devices: the common group": "devices?by=group&q=unprovisioned",
  "Devices: a client id": "devices?by=client&q=device-0000007",
  "One device": "device?thingName=device-0000007",
  "One device, by serial": "device?serialNumber=0000007",
  Templates: "templates",
  Claims: "claims",
  "Certificate authorities": "authorities",
  Rotation: "rotation",
  Hooks: "hooks",
  Audit: "audit",
};

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** The times of the first paint and of all data, and the duration of each request. */
async function look(page, url) {
  await page.goto(url);
  await settled(page);
  return page.evaluate(() => ({
    complete: performance.now(),
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    requests: performance
      .getEntriesByType("resource")
      .filter((one) => one.initiatorType === "fetch")
      .map((one) => [new URL(one.name).pathname + new URL(one.name).search, one.duration]),
  }));
}

async function measure(count) {
  const fill = (data) => promisify(execFile)(join(kBin, "fill_registry"), [data, String(count)]);
  console.error(`a registry of ${count} devices`);
  const deployment = await Deployment.start("", fill);
  const browser = await launch();
  try {
    const { page, close } = await openPage(browser, deployment.url);
    await signIn(page, deployment.url, deployment.admin);
    const out = {};
    for (const [title, address] of Object.entries(kAddresses)) {
      console.error(`  ${title}`);
      const looks = [];
      for (let i = 0; i < repeats; ++i) looks.push(await look(page, `${deployment.url}/ui/${address}`));
      const slowest = looks.flatMap((one) => one.requests).sort((a, b) => b[1] - a[1])[0] ?? ["", 0];
      out[title] = { paint: median(looks.map((one) => one.paint)), complete: median(looks.map((one) => one.complete)), slowest };
    }
    await close();
    return out;
  } finally {
    await browser.close();
    await deployment.stop();
  }
}

const few = await measure(kFew);
const many = await measure(devices);
const cell = (value) => value.toFixed(0).padStart(9);
console.log(`${"".padEnd(30)}${"first paint".padStart(18)}${"with all data".padStart(18)}`);
console.log(`${"ms, devices:".padEnd(30)}${[kFew, devices, kFew, devices].map((one) => String(one).padStart(9)).join("")}    ratio  slowest request`);
for (const title of Object.keys(kAddresses)) {
  const [a, b] = [few[title], many[title]];
  const ratio = (b.complete / a.complete).toFixed(2).padStart(7);
  console.log(`${title.padEnd(30)}${cell(a.paint)}${cell(b.paint)}${cell(a.complete)}${cell(b.complete)}${ratio}x  ${b.slowest[1].toFixed(0)} ms ${b.slowest[0]}`);
}
