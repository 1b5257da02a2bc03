// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, openPage, settled, signIn } from "./browser.mjs";
import { Deployment, waitUntil } from "./deployment.mjs";

/** The number in one of the figures at the top of the pipeline. */
async function figure(page, title) {
  const text = await page.locator(".figure").filter({ has: page.getByRole("heading", { name: title, exact: true }) }).locator(".figure-value").textContent();
  return Number(text.replaceAll(",", ""));
}

describe("the pipeline", () => {
  let server, browser;
  before(async () => {
    server = await Deployment.start();
    await server.setUpMission();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  it("says what to do while no device has come", async () => {
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    await page.getByText("No device came in the last 24 hours").waitFor();
    assert.equal(await figure(page, "Arrived"), 0);
    assert.deepEqual(problems, []);
    await close();
  });

  it("shows a fleet arrive, live, in numbers that agree with /metrics", async () => {
    const claim = await server.makeClaim("fleet");
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    await page.getByText("Live", { exact: true }).waitFor();
    const devices = await openPage(browser, server.url);
    await signIn(devices.page, server.url, server.admin);
    const report = await server.fleet(claim, 24, "L-");
    assert.equal(report.succeeded, 24, JSON.stringify(report));
    await waitUntil(async () => (await figure(page, "Arrived")) === 24, "the 24th device");
    assert.equal(await server.metric("imprint_provisioning_success_total", { method: "register" }), 24);
    // The chart's table shows the same.
    await page.getByText("As a table").first().click();
    const table = page.getByRole("table", { name: "Devices arrived in the last 24 hours" });
    await waitUntil(async () => {
      const cells = await table.locator("tbody td").allTextContents();
      return cells.reduce((sum, text) => sum + Number(text), 0) === 24;
    }, "24 devices in the chart");
    assert.deepEqual(problems, []);
    await devices.close();
    await close();
  });

  it("shows why devices were refused, links to one of them, and can thaw and freeze the claim", async () => {
    const claim = await server.makeClaim("small", "--max-devices", "5");
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    const report = await server.fleet(claim, 9, "R-", "--concurrency", 1);
    assert.equal(report.succeeded, 5, JSON.stringify(report));

    await page.getByRole("heading", { name: /alarm/ }).waitFor();
    await page.locator(".alarm").getByText("A claim is frozen").waitFor();
    const reasons = page.getByRole("table", { name: /Why devices were refused/ });
    await reasons.waitFor();
    const rejected = await server.metric("imprint_provisioning_failure_total");
    await waitUntil(async () => (await figure(page, "Refused")) === rejected, "the refusals");

    // One row for each reason, with the last device and a link to the others.
    const recent = page.getByRole("table", { name: /^Reasons of the/ });
    await recent.getByRole("link", { name: /^The story of R-00000\d$/ }).waitFor();
    assert.equal(await recent.locator("tbody tr").count(), 1);
    await recent.getByRole("link", { name: /^Show the refusals for/ }).click();
    await page.getByRole("heading", { level: 1, name: "Refusals" }).waitFor();
    await page.getByText("Look at the claim's budget").waitFor();
    const refusals = page.getByRole("table", { name: "Refusals" });
    await refusals.getByRole("link", { name: "The story of R-000006" }).first().click();
    await page.getByRole("heading", { level: 1, name: "R-000006" }).waitFor();
    await page.getByLabel("What to do next").getByText("Its claim is frozen").waitFor();
    await page.locator(".timeline").getByText(/rule max-devices/).first().waitFor();

    await page.getByRole("link", { name: "The claim it used" }).click();
    await page.getByText("none of its devices can register").waitFor();
    await page.getByRole("button", { name: "Thaw" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("The same use freezes it again").waitFor();
    await dialog.getByRole("button", { name: "Thaw the claim" }).click();
    await page.locator(".badge", { hasText: "used up" }).first().waitFor();
    assert.equal((await server.call("GET", `/imprint/v1/claims/${claim.id}`)).status, "ACTIVE");

    await page.getByRole("button", { name: "Freeze", exact: true }).click();
    assert.ok(await dialog.getByRole("button", { name: "Freeze the claim" }).isDisabled());
    await dialog.getByLabel(/^Why/).fill("line 3 lost a <b>controller</b>");
    await dialog.getByRole("button", { name: "Freeze the claim" }).click();
    await page.getByText("line 3 lost a <b>controller</b>").first().waitFor();
    assert.equal((await server.call("GET", `/imprint/v1/claims/${claim.id}`)).frozen.because, "line 3 lost a <b>controller</b>");

    // An incomplete rate is not sent.
    await page.getByRole("button", { name: "Change budget" }).click();
    await dialog.getByLabel(/^Most devices/).fill("50");
    await dialog.getByLabel("Rate: devices").fill("7");
    await dialog.getByText("fill in both, or empty both").waitFor();
    assert.ok(await dialog.getByRole("button", { name: "Change the budget" }).isDisabled());
    await dialog.getByLabel("in seconds").fill("60");
    await dialog.getByRole("button", { name: "Change the budget" }).click();
    await page.getByText("5 of 50").first().waitFor();
    assert.deepEqual((await server.call("GET", `/imprint/v1/claims/${claim.id}`)).budget.rate, { devices: 7, seconds: 60 });
    assert.deepEqual(problems, []);
    await close();
  });

  it("does not close a confirmation before its outcome is known", async () => {
    const claim = await server.makeClaim("slow");
    const { page, problems, close } = await openPage(browser, server.url, { expected: /status of (401|500)/ });
    await signIn(page, server.url, server.admin);
    await page.goto(`${server.url}/ui/claim?id=${claim.id}`);
    let answer;
    await page.route("**/freeze", (route) => {
      answer = () => route.fulfill({ status: 500, contentType: "application/json", body: '{"message":"the disk is full"}' });
    });
    await page.getByRole("button", { name: "Freeze", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Why/).fill("lost");
    await dialog.getByRole("button", { name: "Freeze the claim" }).click();
    await dialog.getByText("Working…").waitFor();
    assert.ok(await dialog.getByRole("button", { name: "Cancel" }).isDisabled());
    // Browsers let a page cancel only the first of them.
    for (let i = 0; i < 3; ++i) await page.keyboard.press("Escape");
    await waitUntil(() => answer, "the request");
    await answer();
    await dialog.getByText("the disk is full").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.deepEqual(problems, []);
    await close();
  });

  it("reads everything once initially, and lets slow answers arrive however much happens", async () => {
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    const asked = [];
    page.on("framenavigated", () => (asked.length = 0));
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.reload();
    await page.getByText("Live", { exact: true }).waitFor();
    await settled(page);
    await waitUntil(() => asked.includes("/imprint/v1/alarms"), "the alarms");
    const reads = asked.filter((path) => path.startsWith("/imprint/v1/") && !path.endsWith("/live"));
    assert.deepEqual([...reads].sort(), [...new Set(reads)].sort());

    const claim = await server.makeClaim("busy");
    await page.route("**/imprint/v1/refusals*", async (route) => {
      await new Promise((later) => setTimeout(later, 4_000));
      await route.fallback();
    });
    await page.getByRole("link", { name: "Devices", exact: true }).click();
    await page.getByRole("link", { name: "Pipeline", exact: true }).click();
    // Refusals continue meanwhile.
    for (let i = 0; i < 12; ++i) await server.fleet(claim, 1, `<${i}>`);
    await page.getByRole("table", { name: /^Reasons of the/ }).waitFor();
    assert.deepEqual(problems, []);
    await close();
  });

  it("links an alarm to a device and a claim, as plain text", async () => {
    const claim = await server.makeClaim("alarmed");
    const { page, problems, close } = await openPage(browser, server.url, { expected: /status of (401|503)/ });
    const alarm = { state: "raised", severity: "critical", since: Date.now() / 1000, because: "because of this", next: "Do that." };
    const alarms = [
      { ...alarm, id: "1", alarm: "claim-frozen", subject: claim.id, subjectKind: "claim", device: { serialNumber: "<b>R</b>" }, command: "imprint claim show DIR" },
      { ...alarm, id: "2", alarm: "failure-ratio", subject: "", subjectKind: "", device: { clientId: "client-7" } },
      { ...alarm, id: "3", alarm: "disk-low", subject: "", subjectKind: "" },
    ];
    await page.route("**/imprint/v1/live", (route) => route.fulfill({ status: 503 }));
    await page.route("**/imprint/v1/alarms*", (route) => route.fulfill({ json: { alarms } }));
    await signIn(page, server.url, server.admin);
    const shown = page.locator(".alarm");
    await shown.first().waitFor();
    assert.deepEqual(await shown.locator(".alarm-ways").allTextContents(), ["One such device: <b>R</b>Open the claim", "One such device: client-7"]);
    assert.equal(await page.getByText("imprint claim show").count(), 0);
    await shown.getByRole("link", { name: "Open the claim" }).click();
    await page.getByRole("heading", { level: 1, name: `Claim ${claim.id.slice(0, 12)}` }).waitFor();
    assert.deepEqual(problems, []);
    await close();
  });

  it("does not change the audit page while it is read, and shows newer events on request", async () => {
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    await page.goto(`${server.url}/ui/audit`);
    await page.getByText("Live", { exact: true }).waitFor();
    await settled(page);
    const first = page.getByRole("table", { name: "Audit events" }).locator("tbody tr").first();
    const before = await first.textContent();
    await server.call("POST", "/thing-groups/made-meanwhile", {});
    const more = page.getByRole("button", { name: "1 newer event: show it" });
    await more.waitFor();
    assert.equal(await first.textContent(), before);
    await more.click();
    await first.getByText("made-meanwhile").waitFor();
    // Names in a sentence are inline.
    const displays = await page.locator(".event .device-text").evaluateAll((all) => all.map((one) => getComputedStyle(one).display));
    assert.deepEqual([...new Set(displays)], ["inline"]);
    assert.equal(await more.count(), 0);
    assert.deepEqual(problems, []);
    await close();
  });

  it("shows an error in the server's words, and can retry", async () => {
    const { page, close } = await openPage(browser, server.url, { expected: /status of (401|500)/ });
    await signIn(page, server.url, server.admin);
    await page.route("**/imprint/v1/hooks", (route) => route.fulfill({ status: 500, contentType: "application/json", body: '{"message":"the disk is full"}' }));
    await page.getByRole("link", { name: "Hooks", exact: true }).click();
    await page.getByRole("alert").getByText("the disk is full").waitFor();
    await page.unroute("**/imprint/v1/hooks");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("No hook is configured").waitFor();
    await settled(page);
    await close();
  });
});
