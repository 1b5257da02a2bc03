// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, openPage, settled, signIn } from "./browser.mjs";
import { Deployment, kTemplate, kTemplateBody, waitUntil } from "./deployment.mjs";

const kRightToLeft = "\u202e";
const kLong = "v".repeat(800);

describe("devices and templates", () => {
  let server, browser, claim;
  before(async () => {
    server = await Deployment.start();
    await server.setUpMission();
    claim = await server.makeClaim("claim");
    const report = await server.fleet(claim, 120, "D-");
    assert.equal(report.succeeded, 120, JSON.stringify(report));
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function open(address) {
    const opened = await openPage(browser, server.url);
    await signIn(opened.page, server.url, server.admin);
    await opened.page.goto(server.url + address);
    await settled(opened.page);
    return opened;
  }

  it("are shown page by page, forwards and back", async () => {
    const { page, problems, close } = await open("/ui/devices");
    const rows = page.getByRole("table", { name: "Things in the registry" }).locator("tbody tr");
    await rows.first().waitFor();
    const names = [];
    for (const [number, size] of [[1, 50], [2, 50], [3, 20]]) {
      await page.getByText(`Page ${number}`, { exact: true }).waitFor();
      await waitUntil(async () => (await rows.count()) === size, `${size} rows`);
      names.push(...(await rows.locator("th").allTextContents()));
      if (number < 3) await page.getByRole("button", { name: "Next" }).click();
    }
    assert.equal(new Set(names).size, 120);
    assert.ok(await page.getByRole("button", { name: "Next" }).isDisabled());
    await page.getByRole("button", { name: "Previous" }).click();
    await page.getByText("Page 2", { exact: true }).waitFor();
    assert.deepEqual(problems, []);
    await close();
  });

  it("are found by serial number, type, group and certificate", async () => {
    const { page, problems, close } = await open("/ui/devices");
    const search = page.getByRole("searchbox");
    const things = page.getByRole("table", { name: "Things in the registry" });
    await search.fill("D-000017");
    await page.getByRole("table", { name: "Latest recorded events" }).getByRole("link", { name: "D-000017" }).first().waitFor();
    await waitUntil(async () => (await things.locator("tbody tr").count()) === 1, "one thing");
    for (const [by, text] of [["type", "Smart"], ["group", "unprov"], ["thing", "device-D-"]]) {
      await page.getByLabel("Search by").selectOption(by);
      await search.fill(text);
      await waitUntil(async () => (await things.locator("tbody tr").count()) === 50, `things by ${by}`);
    }
    const { principals } = await server.call("GET", "/things/device-D-000017/principals");
    const id = principals[0].split("/").at(-1);
    await page.getByLabel("Search by").selectOption("certificate");
    await search.fill(id);
    await page.getByRole("table", { name: "Latest recorded events" }).getByRole("link").first().click();
    await page.getByRole("heading", { level: 1 }).getByText(id.slice(0, 12)).waitFor();
    await page.getByLabel("Search by").waitFor({ state: "detached" });
    assert.deepEqual(problems, []);
    await close();
  });

  it("show their story and can be re-grouped, rotated and deactivated", async () => {
    await server.call("POST", "/thing-groups/hall-3", {});
    const { page, problems, close } = await open("/ui/device?thingName=device-D-000003");
    await page.locator(".timeline").getByText("registered as device-D-000003").waitFor();
    const dialog = page.getByRole("dialog");

    await page.getByRole("button", { name: "Change groups" }).click();
    await dialog.getByLabel("hall-3").check();
    // Enter in the search field only searches.
    await dialog.getByRole("searchbox").fill("hall");
    await dialog.getByRole("searchbox").press("Enter");
    await dialog.getByText("Joins hall-3.").waitFor();
    await dialog.getByRole("button", { name: "Change groups" }).click();
    await page.getByText("hall-3, unprovisioned-devices").or(page.getByText("unprovisioned-devices, hall-3")).waitFor();

    await page.getByRole("button", { name: "Rotate its key" }).click();
    await dialog.getByText("once, with a key of its own").waitFor();
    await dialog.getByRole("button", { name: "Allow it" }).click();
    await page.getByText("It may register with another key until").waitFor();
    await page.getByRole("button", { name: "Withdraw the permission" }).click();
    await dialog.getByRole("button", { name: "Withdraw it" }).click();
    await page.getByRole("button", { name: "Rotate its key" }).waitFor();
    await page.locator(".timeline").getByText("withdraw_reprovisioning by").waitFor();

    await page.getByRole("button", { name: "Deactivate" }).click();
    await dialog.getByText("is disconnected at once").waitFor();
    await dialog.getByRole("button", { name: "Deactivate" }).click();
    await page.locator(".certificate").getByText("inactive").waitFor();
    const { principals } = await server.call("GET", "/things/device-D-000003/principals");
    const { certificateDescription } = await server.call("GET", `/certificates/${principals[0].split("/").at(-1)}`);
    assert.equal(certificateDescription.status, "INACTIVE");
    assert.deepEqual(problems, []);
    await close();
  });

  it("show any name of a device as plain text", async () => {
    const serials = [
      `<img src=x onerror=alert(1)>`,
      `<script>alert(2)</script>`,
      `'; DROP TABLE things; --`,
      `${kRightToLeft}gnp.exe`,
      `"><svg onload=alert(3)>`,
      `{{constructor.constructor('alert(4)')()}}`,
    ];
    // Thing names cannot contain these, so each device is refused and therefore shown.
    for (const serial of serials) await server.fleet(claim, 1, serial);
    await server.call("PUT", `/imprint/v1/lists/hostile`, { description: "<img src=x onerror=alert(5)>" });
    await server.call("POST", "/imprint/v1/lists/hostile/entries", { entries: [{ serial: "<b onmouseover=alert(6)>bold</b>" }] });
    await server.call("POST", "/things/long", { attributePayload: { attributes: { long: kLong } } });

    const { page, problems, close } = await open("/ui/");
    await page.goto(`${server.url}/ui/refusals`);
    const refusals = page.getByRole("table", { name: "Refusals" });
    await refusals.getByRole("link").getByText("<script>alert(2)</script>000001").first().waitFor();
    await refusals.getByText("U+202E").first().waitFor();
    assert.ok(!(await page.locator("main").textContent()).includes(kRightToLeft));

    for (const serial of serials) {
      const address = `/ui/device?${new URLSearchParams({ serialNumber: `${serial}000001` })}`;
      await page.goto(server.url + address);
      await settled(page);
      const heading = await page.getByRole("heading", { level: 1 }).textContent();
      assert.equal(heading, `${serial}000001`.replace(kRightToLeft, "U+202E"));
      await page.locator(".timeline li").first().waitFor();
    }
    for (const address of ["/ui/audit", "/ui/claims", "/ui/batch?name=hostile", "/ui/devices?by=thing&q=%3Cscript%3Ealert(7)%3C%2Fscript%3E", "/ui/nowhere/%3Cscript%3E"]) {
      await page.goto(server.url + address);
      await settled(page);
    }
    await page.goto(`${server.url}/ui/batch?name=hostile`);
    await page.getByText("<b onmouseover=alert(6)>bold</b>").waitFor();

    await page.goto(`${server.url}/ui/device?thingName=long`);
    const more = page.getByRole("button", { name: "show all 800 characters" });
    await more.waitFor();
    assert.equal(await page.getByText(kLong).count(), 0);
    await more.click();
    await page.getByText(kLong).waitFor();
    assert.equal(await page.locator("main img, main script, main b, main svg").count(), 0);
    assert.deepEqual(problems, []);
    await close();
  });

  it("try a template and compare its versions", async () => {
    const changed = kTemplateBody.replace('"unprovisioned-devices"', '"<script>alert(8)</script>"');
    await server.call("POST", `/provisioning-templates/${kTemplate}/versions`, { templateBody: kTemplateBody.replace("MERGE", "REPLACE") });
    const { page, problems, close } = await open(`/ui/template?name=${kTemplate}`);
    await page.getByText("no problems found").waitFor();
    await page.getByLabel("Compare with").selectOption("2");
    await page.locator(".diff-line.removed").getByText('"AttributePayload": "MERGE"').waitFor();
    await page.locator(".diff-line.added").getByText('"AttributePayload": "REPLACE"').waitFor();

    await page.getByLabel("Try it").check();
    const form = page.getByRole("form", { name: "Sample parameters" });
    await form.getByLabel("SerialNumber").fill("trial-1");
    await form.getByRole("button", { name: "Try" }).click();
    await page.getByText("The device is refused with InvalidParameters").waitFor();
    await form.getByLabel("FirmwareVersion").fill("2.0");
    await form.getByRole("button", { name: "Try" }).click();
    await page.getByText("The device is registered as device-trial-1").waitFor();
    await page.getByRole("table", { name: "What would change in the registry" }).getByText("FleetDevicePolicy").first().waitFor();
    await assert.rejects(server.call("GET", "/things/device-trial-1"), /404/);

    await page.getByLabel("Check or change").check();
    await page.getByRole("textbox", { name: /A change to the default version/ }).fill(changed);
    await page.getByRole("list", { name: "Problems" }).getByText("<script>alert(8)</script>").first().waitFor();
    await page.getByRole("textbox", { name: /A change to the default version/ }).fill("{ no json");
    await page.getByRole("list", { name: "Problems" }).getByText("error").first().waitFor();
    assert.equal(await page.locator("main script").count(), 0);

    // Unsaved text is kept while other pages are open, and not discarded without confirmation.
    await page.getByLabel("Versions").check();
    await page.getByText("Check or change (not saved)").waitFor();
    await page.getByRole("link", { name: "Hooks", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Hooks" }).waitFor();
    await page.goBack();
    await page.getByLabel("Check or change").check();
    const text = page.getByRole("textbox", { name: /A change to the default version/ });
    assert.equal(await text.inputValue(), "{ no json");
    const isAsked = () => page.evaluate(() => !window.dispatchEvent(new Event("beforeunload", { cancelable: true })));
    assert.ok(await isAsked());
    await page.getByRole("button", { name: "Start again" }).click();
    assert.ok(!(await isAsked()));
    assert.deepEqual(problems, []);
    await close();
  });

  it("are listed by certificate expiry, and show the granted permission", async () => {
    const { page, problems, close } = await open("/ui/rotation");
    const { principals } = await server.call("GET", "/things/device-D-000009/principals");
    const certificate = { certificateId: principals[0].split("/").at(-1), notAfter: Date.now() / 1000 + 86_400, thingName: "device-D-000009", status: "ACTIVE" };
    await page.route("**/imprint/v1/expiring-certificates*", (route) => route.fulfill({ json: { certificates: [certificate], counts: [] } }));
    await page.reload();
    await page.getByRole("button", { name: "Let device-D-000009 register with another key" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Allow it" }).click();
    await page.getByText("may register with another key until").waitFor();
    await page.getByRole("link", { name: "device-D-000009" }).first().click();
    await page.getByText("It may register with another key until").waitFor();
    assert.deepEqual(problems, []);
    await close();
  });
});
