// SPDX-License-Identifier: Apache-2.0
// Every page for everybody: by keyboard alone, with assistive technology, in light and dark, at a desk and on a tablet.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { kSizes, launch, openPage, settled, signIn } from "./browser.mjs";
import { Deployment, kTemplate } from "./deployment.mjs";

const kAxe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const kPages = ["", "devices", "templates", "claims", "authorities", "rotation", "hooks", "audit"];

describe("every page", () => {
  let server, browser, claim;
  before(async () => {
    server = await Deployment.start();
    await server.setUpMission();
    claim = await server.makeClaim("claim", "--max-devices", "3");
    await server.fleet(claim, 5, "E-", "--concurrency", 1);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function violations(page) {
    await page.evaluate(kAxe);
    const { violations: found } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
    return found.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(" ")} ${node.failureSummary}`));
  }

  for (const scheme of ["light", "dark"]) {
    for (const [name, size] of Object.entries(kSizes)) {
      it(`has no accessibility violation and asks nobody else: ${scheme}, ${name}`, async () => {
        const { page, problems, close } = await openPage(browser, server.url, { scheme, size });
        await page.goto(`${server.url}/ui/`);
        await page.getByLabel("Access key id").waitFor();
        assert.deepEqual(await violations(page), [], "sign-in");
        await signIn(page, server.url, server.admin);
        const addresses = [...kPages, "device?thingName=device-E-000001", "device?serialNumber=E-000004", `claim?id=${claim.id}`, `template?name=${kTemplate}`];
        for (const address of addresses) {
          await page.goto(`${server.url}/ui/${address}`);
          await settled(page);
          assert.deepEqual(await violations(page), [], address);
          const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.ok(sideways <= 0, `${address} is ${sideways} pixels too wide`);
        }
        assert.deepEqual(problems, []);
        await close();
      });
    }
  }

  it("is reached and left by keyboard alone", async () => {
    const { page, problems, close } = await openPage(browser, server.url);
    await page.goto(`${server.url}/ui/`);
    await page.getByLabel("Access key id").waitFor();
    // The first field has the focus already.
    await page.keyboard.type(server.admin.id);
    await page.keyboard.press("Tab");
    await page.keyboard.type(server.admin.secret);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Pipeline" }).waitFor();
    await settled(page);

    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Pipeline" }).waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Skip to the content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "content");

    // Every page by its link, in the order in which they stand.
    await page.getByRole("link", { name: "Imprint" }).focus();
    const seen = [];
    for (let i = 0; i < 12; ++i) {
      await page.keyboard.press("Tab");
      seen.push(await focused(page));
    }
    const links = ["Pipeline", "Devices", "Templates", "Claims and batches", "Certificate authorities", "Rotation", "Hooks", "Audit"];
    assert.deepEqual(seen.filter((text) => links.includes(text)), links);
    await page.getByRole("link", { name: "Claims and batches" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Claims and batches" }).waitFor();
    assert.equal(await focused(page), "Claims and batches");
    assert.deepEqual(problems, []);
    await close();
  });

  it("holds the focus in its dialogs, and gives it back", async () => {
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    await page.goto(`${server.url}/ui/claim?id=${claim.id}`);
    await page.getByRole("button", { name: "Change budget" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    for (let i = 0; i < 24; ++i) {
      await page.keyboard.press(i % 5 === 4 ? "Shift+Tab" : "Tab");
      const isInside = await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest("dialog") !== null);
      assert.ok(isInside, `after ${i + 1} steps: ${await focused(page)}`);
    }
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await focused(page), "Change budget");
    assert.deepEqual(problems, []);
    await close();
  });

  it("keeps the colours that were chosen", async () => {
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByLabel("Colours").selectOption("dark");
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Pipeline" }).waitFor();
    assert.equal(await ground(), dark);
    assert.deepEqual(problems, []);
    await close();
  });
});

async function focused(page) {
  return page.evaluate(() => document.activeElement?.textContent?.trim());
}
