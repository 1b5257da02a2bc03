// SPDX-License-Identifier: Apache-2.0
// Every page for everybody: by keyboard alone, with assistive technology, in light and dark, at desktop, tablet and phone size.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { kSizes, launch, openPage, settled, signIn } from "./browser.mjs";
import { Deployment, kTemplate, waitUntil } from "./deployment.mjs";

const kAxe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const kPages = ["", "refusals", "devices", "templates", "claims", "authorities", "rotation", "hooks", "audit"];

describe("every page", () => {
  let server, browser, claim;
  before(async () => {
    server = await Deployment.start();
    await server.setUpMission();
    claim = await server.makeClaim("claim", "--max-devices", "3");
    await server.fleet(claim, 5, "E-", "--concurrency", 1);
    for (let i = 0; i < 80; ++i) await server.call("POST", `/things/more-${i}`, {});
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
      it(`has no accessibility violation and sends no request elsewhere: ${scheme}, ${name}`, async () => {
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

  it("can be reached and left by keyboard alone", async () => {
    const { page, problems, close } = await openPage(browser, server.url);
    await page.goto(`${server.url}/ui/`);
    await page.getByLabel("Access key id").waitFor();
    // The first field has the focus initially.
    await focusComesTo(page, (element) => element.name === "accessKeyId");
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

    // The links of all pages, in the order shown.
    await page.getByRole("link", { name: "Imprint" }).focus();
    const seen = [];
    for (let i = 0; i < 14; ++i) {
      await page.keyboard.press("Tab");
      seen.push(await focused(page));
    }
    const links = ["Pipeline", "Refusals", "Devices", "Templates", "Claims and batches", "Certificate authorities", "Rotation", "Hooks", "Audit"];
    assert.deepEqual(seen.filter((text) => links.includes(text)), links);
    await page.getByRole("link", { name: "Claims and batches" }).focus();
    await page.keyboard.press("Enter");
    await focusComesTo(page, isHeading, "Claims and batches");
    assert.deepEqual(problems, []);
    await close();
  });

  it("keeps the focus where work continues: in a list's pages, after an action, on the next device", async () => {
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    await page.goto(`${server.url}/ui/devices`);
    await page.getByRole("button", { name: "Next" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("Page 2", { exact: true }).waitFor();
    await settled(page);
    await focusComesTo(page, (element) => element.localName === "button", "Next");

    await page.goto(`${server.url}/ui/device?thingName=device-E-000001`);
    const deactivate = page.getByRole("button", { name: "Deactivate" });
    await deactivate.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByRole("button", { name: "Deactivate" }).press("Enter");
    await page.locator(".certificate").getByText("inactive").waitFor();
    await settled(page);
    await focusComesTo(page, (element) => element.localName === "button", "Activate");

    const link = page.locator(".certificate-head a");
    const id = (await link.textContent()).slice(0, 12);
    await link.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: id }).waitFor();
    await focusComesTo(page, isHeading, id);
    assert.deepEqual(problems, []);
    await close();
  });

  it("returns to the page of a list, and the position on it, that was left", async () => {
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    await page.goto(`${server.url}/ui/devices`);
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("Page 2", { exact: true }).waitFor();
    const rows = page.getByRole("table", { name: "Things in the registry" }).locator("tbody tr");
    await waitUntil(async () => (await rows.count()) < 50, "the second page");
    const last = rows.last().getByRole("link");
    const name = await last.textContent();
    await last.scrollIntoViewIfNeeded();
    const scrolled = await page.evaluate(() => window.scrollY);
    assert.ok(scrolled > 0, "the list is longer than the screen");
    await last.click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    assert.equal(await page.evaluate(() => window.scrollY), 0);
    await page.goBack();
    await page.getByText("Page 2", { exact: true }).waitFor();
    await page.getByRole("link", { name, exact: true }).waitFor();
    await waitUntil(async () => (await page.evaluate(() => window.scrollY)) === scrolled, "the position on the page");
    assert.deepEqual(problems, []);
    await close();
  });

  it("names itself in the browser's tab, even if it is empty", async () => {
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    const titles = { hooks: "Hooks", nowhere: "There is no such page", device: "This address names no device", "device?thingName=device-E-000002": "device-E-000002" };
    for (const [address, title] of Object.entries(titles)) {
      await page.goto(`${server.url}/ui/${address}`);
      await waitUntil(async () => (await page.title()) === `${title} · Imprint`, `the title ${title}`);
    }
    assert.deepEqual(problems, []);
    await close();
  });

  it("lets the keyboard enter a table only if the table scrolls", async () => {
    for (const [size, expected] of [[kSizes.desk, 0], [{ width: 720, height: 900 }, 1]]) {
      const { page, problems, close } = await openPage(browser, server.url, { size });
      await signIn(page, server.url, server.admin);
      // An unbreakable name makes the table wider than a narrow screen.
      await page.route("**/imprint/v1/certificate-authorities", async (route) => {
        const answer = await (await route.fetch()).json();
        const one = { ...answer.authorities[0], notAfter: 4e9, status: "W".repeat(40) };
        await route.fulfill({ json: { authorities: [one] } });
      });
      await page.goto(`${server.url}/ui/authorities`);
      const frame = page.locator(".table-frame");
      await frame.waitFor();
      await waitUntil(async () => (await page.locator(".table-frame[tabindex]").count()) === expected, `${expected} ways at ${size.width}`);
      const isWider = await frame.evaluate((element) => element.scrollWidth > element.clientWidth);
      assert.equal(isWider, expected === 1);
      assert.deepEqual(problems, []);
      await close();
    }
  });

  it("has room for a million devices on a tablet", async () => {
    const { page, problems, close } = await openPage(browser, server.url, { size: kSizes.tablet });
    await signIn(page, server.url, server.admin);
    await page.route("**/imprint/v1/pipeline?span=month", async (route) => {
      const answer = await (await route.fetch()).json();
      answer.series.onboarded[0] = 1_234_567;
      answer.series.failed = { "hook-denied": [1_234_567] };
      await route.fulfill({ json: answer });
    });
    await page.getByLabel("Last 30 days").check();
    await page.getByText(/^1,234,57\d$|^1,234,56\d$/).first().waitFor();
    const figures = await page.locator(".figure-value").evaluateAll((all) => all.map((one) => [one.textContent, one.scrollWidth - one.clientWidth]));
    assert.equal(figures.length, 5);
    assert.deepEqual(figures.filter(([, over]) => over > 0), []);
    assert.deepEqual(problems, []);
    await close();
  });

  it("traps the focus in its dialogs, and restores it", async () => {
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
    await focusComesTo(page, (element) => element.localName === "button", "Change budget");
    assert.deepEqual(problems, []);
    await close();
  });

  it("keeps the chosen colours", async () => {
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
    // The system's colours change with the system.
    await page.getByLabel("Colours").selectOption("system");
    assert.equal(await ground(), light);
    await page.emulateMedia({ colorScheme: "dark" });
    await waitUntil(async () => (await ground()) === dark, "the system's dark");
    assert.deepEqual(problems, []);
    await close();
  });
});

const isHeading = (element) => element.localName === "h1";

/** Waits for the focus, which moves only after a page has been drawn. */
async function focusComesTo(page, isIt, text = "") {
  await waitUntil(async () => {
    const handle = await page.evaluateHandle(() => document.activeElement);
    return (await handle.evaluate(isIt)) && ((await focused(page)) ?? "").includes(text);
  }, `the focus on ${text}`);
}

async function focused(page) {
  return page.evaluate(() => document.activeElement?.textContent?.trim());
}
