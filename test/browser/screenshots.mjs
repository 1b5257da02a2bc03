// SPDX-License-Identifier: Apache-2.0
// Pictures of every page, in both themes, as wide as a desk, a tablet and a phone, to be looked at.
// usage: node screenshots.mjs URL ACCESS_KEY_ID:SECRET FOLDER ["/ui/address" ...]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { kSizes, launch, openPage, settled, signIn } from "./browser.mjs";

const [url, key, folder, ...addresses] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node screenshots.mjs URL ACCESS_KEY_ID:SECRET FOLDER [ADDRESS...]");
  process.exit(2);
}
const kPages = ["", "refusals", "devices", "templates", "claims", "authorities", "rotation", "hooks", "audit"].map((page) => `/ui/${page}`);
const [id, secret] = key.split(":");
mkdirSync(folder, { recursive: true });

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
