// SPDX-License-Identifier: Apache-2.0
// Screenshots of every page, in both themes, at desktop, tablet and phone size, for visual checks.
// usage: IMPRINT_ACCESS_KEY=ID:SECRET node screenshots.mjs URL FOLDER ["/ui/address" ...]
// The key comes from the environment: an argument could be mistaken for a folder, and is visible in the process list.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { kSizes, launch, openPage, settled, signIn } from "./browser.mjs";

const [url, folder, ...addresses] = process.argv.slice(2);
const key = process.env.IMPRINT_ACCESS_KEY ?? "";
const mistake = mistakeIn(url, key, folder, addresses);
if (mistake !== undefined) {
  console.error(`screenshots: ${mistake}\nusage: IMPRINT_ACCESS_KEY=ID:SECRET node screenshots.mjs URL FOLDER ["/ui/address" ...]`);
  process.exit(2);
}
const kPages = ["", "refusals", "devices", "templates", "claims", "authorities", "rotation", "hooks", "audit"].map((page) => `/ui/${page}`);
const [id, secret] = key.split(":");
mkdirSync(folder, { recursive: true });

function mistakeIn(url, key, folder, addresses) {
  if (!/^https?:\/\/[^/]+$/.test(url ?? "")) return `the first argument is the server's address, as https://127.0.0.1:8443, not ${JSON.stringify(url ?? "")}`;
  if (!/^AKIA[A-Z0-9]+:.+$/.test(key)) return "IMPRINT_ACCESS_KEY does not hold ID:SECRET of an access key";
  if (folder === undefined || /:|^AKIA/.test(folder)) return "the second argument is the folder for the pictures; it has no colon in it";
  const stray = addresses.find((address) => !address.startsWith("/ui/"));
  if (stray !== undefined) return "addresses of pages begin with /ui/";
}

function nameOf(address) {
  return address.replace(/^\/ui\/?/, "").replace(/[^A-Za-z0-9]+/g, "-").slice(0, 60) || "pipeline";
}

const browser = await launch();
try {
  for (const [sizeName, size] of Object.entries(kSizes)) {
    for (const scheme of ["light", "dark"]) {
      const { page, problems, close } = await openPage(browser, url, { size, scheme });
      await page.goto(`${url}/ui/`);
      await page.locator("h1").first().waitFor();
      if (await page.getByLabel("Access key id").isVisible()) {
        await page.screenshot({ path: join(folder, `sign-in-${sizeName}-${scheme}.png`), fullPage: true });
        await signIn(page, url, { id, secret });
      }
      for (const address of addresses.length > 0 ? addresses : kPages) {
        await page.goto(url + address);
        await settled(page);
        await page.screenshot({ path: join(folder, `${nameOf(address)}-${sizeName}-${scheme}.png`), fullPage: true });
      }
      for (const problem of problems) console.error(`${sizeName} ${scheme}: ${problem}`);
      await close();
    }
  }
} finally {
  await browser.close();
}
