// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, openPage, settled, signIn } from "./browser.mjs";
import { Deployment, kTemplate, waitUntil } from "./deployment.mjs";

describe("sign-in", () => {
  let server, browser;
  before(async () => {
    server = await Deployment.start();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  it("signs in with a key, and out again", async () => {
    const { page, context, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, server.admin);
    const cookies = await context.cookies();
    assert.equal(cookies.length, 1);
    assert.deepEqual(
      (({ name, secure, httpOnly, sameSite, path }) => ({ name, secure, httpOnly, sameSite, path }))(cookies[0]),
      { name: "__Host-imprint", secure: true, httpOnly: true, sameSite: "Strict", path: "/" },
    );
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Pipeline" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You are signed out.").waitFor();
    await page.reload();
    await page.getByLabel("Access key id").waitFor();
    assert.deepEqual(problems, []);
    await close();
  });

  for (const [what, wrong] of [
    ["a wrong secret", (key) => ({ ...key, secret: "wrong" })],
    ["a key that is none", () => ({ id: "AKIA0000000000000000", secret: "wrong" })],
  ]) {
    it(`refuses ${what} and says so`, async () => {
      const { page, problems, close } = await openPage(browser, server.url);
      await page.goto(`${server.url}/ui/`);
      const key = wrong(server.admin);
      await page.getByLabel("Access key id").fill(key.id);
      await page.getByLabel("Secret access key").fill(key.secret);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").getByText("You are not signed in").waitFor();
      assert.equal(await page.getByLabel("Secret access key").inputValue(), "");
      assert.deepEqual(problems, []);
      await close();
    });
  }

  it("ends with its key, and continues where it was after another sign-in", async () => {
    const key = await server.makeKey("passing", "read-only");
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, key);
    await page.getByRole("link", { name: "Templates" }).click();
    await settled(page);
    await server.imprint("credentials", "revoke", server.data, key.id);
    // The live feed notices.
    await page.getByText("Your session has ended").waitFor();
    await page.getByLabel("Access key id").fill(server.admin.id);
    await page.getByLabel("Secret access key").fill(server.admin.secret);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "Templates" }).waitFor();
    assert.deepEqual(problems, []);
    await close();
  });

  it("says that the user is still signed in if signing out failed", async () => {
    const { page, problems, close } = await openPage(browser, server.url, { expected: /status of (401|500)/ });
    await signIn(page, server.url, server.admin);
    const isSignOut = (route) => route.request().method() === "DELETE";
    await page.route("**/ui/session", (route) =>
      isSignOut(route) ? route.fulfill({ status: 500, contentType: "application/json", body: '{"message":"the disk is full"}' }) : route.fallback(),
    );
    await page.getByRole("button", { name: "Sign out" }).click();
    const alert = page.getByRole("alert");
    await alert.getByText("You are still signed in").waitFor();
    await alert.getByText("the disk is full").waitFor();
    await page.getByRole("heading", { level: 1, name: "Pipeline" }).waitFor();
    await page.unroute("**/ui/session");
    await alert.getByRole("button", { name: "Try again" }).click();
    await page.getByText("You are signed out.").waitFor();
    assert.deepEqual(problems, []);
    await close();
  });

  it("switches to the user who signs in in another tab", async () => {
    const other = await server.makeKey("somebody else", "read-only");
    const { page, context, problems, close } = await openPage(browser, server.url, { expected: /status of (401|403)/ });
    await signIn(page, server.url, server.admin);
    await settled(page);
    const answer = await context.request.post(`${server.url}/ui/session`, { data: { accessKeyId: other.id, secretAccessKey: other.secret } });
    assert.equal(answer.status(), 200);
    await page.getByRole("link", { name: "Templates" }).click();
    await page.locator(".account-name").getByText("somebody else").waitFor();
    await page.getByRole("heading", { level: 1, name: "Templates" }).waitFor();
    await settled(page);
    assert.equal(await page.getByRole("alert").count(), 0);
    assert.deepEqual(problems, []);
    await close();
  });

  describe("with a role", () => {
    let claim;
    before(async () => {
      await server.setUpMission();
      claim = await server.makeClaim("looked-at", "--max-devices", "1");
      await server.fleet(claim, 2, "W-", "--concurrency", 1);
      await server.call("PUT", "/imprint/v1/lists/hall", { description: "hall" });
      await server.call("POST", "/imprint/v1/lists/hall/entries", { entries: [{ serial: "W-000001" }] });
    });

    const everywhere = ["Pipeline", "Refusals", "Devices", "Templates", "Claims and batches", "Hooks"];
    const whole = ["Pipeline", "Refusals", "Devices", "Templates", "Claims and batches", "Certificate authorities", "Rotation", "Hooks", "Audit"];
    for (const [role, pages, feed] of [
      ["admin", whole, "Live"],
      ["read-only", whole, "Live"],
      ["factory", everywhere, "Read every 5 seconds"],
    ]) {
      it(`${role}, sees its pages, and no request is refused`, async () => {
        const { page, problems, close } = await openPage(browser, server.url);
        const key = await server.makeKey(`a ${role}`, role);
        await signIn(page, server.url, key);
        page.on("response", (response) => {
          if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
        });
        const links = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
        assert.deepEqual(await links.allTextContents(), pages);
        const addresses = [
          ...(await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")))),
          "/ui/devices?by=serial&q=W-000002",
          "/ui/device?serialNumber=W-000002",
          "/ui/device?thingName=device-W-000001",
          `/ui/claim?id=${claim.id}`,
          `/ui/template?name=${kTemplate}`,
          "/ui/batch?name=hall",
          "/ui/refusals?category=claim-refused",
        ];
        for (const address of addresses) {
          await page.goto(server.url + address);
          await settled(page);
          await page.getByText(feed, { exact: true }).waitFor();
          assert.deepEqual(await page.getByRole("alert").allTextContents(), [], address);
        }
        // Only the live feed is green.
        const dot = await page.locator(".feed-dot").evaluate((element) => getComputedStyle(element).backgroundColor);
        const good = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--series-good").trim());
        const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(good.slice(at, at + 2), 16));
        assert.equal(dot === `rgb(${red}, ${green}, ${blue})`, feed === "Live", dot);
        const { events } = await server.call("GET", "/imprint/v1/audit-events?outcome=denied&maxResults=100");
        assert.deepEqual(events.filter((event) => event.actor === key.id).map((event) => event.sentence), []);
        assert.deepEqual(problems, []);
        await close();
      });
    }

    it("factory, sees new events every few seconds", async () => {
      const { page, problems, close } = await openPage(browser, server.url);
      await signIn(page, server.url, await server.makeKey("line 7", "factory"));
      await settled(page);
      const arrived = page.locator(".figure").filter({ has: page.getByRole("heading", { name: "Arrived" }) }).locator(".figure-value");
      const before = Number(await arrived.textContent());
      const more = await server.makeClaim("more");
      await server.fleet(more, 3, "V-");
      await arrived.getByText(String(before + 3), { exact: true }).waitFor();
      assert.deepEqual(problems, []);
      await close();
    });

    for (const role of ["read-only", "factory"]) {
      it(`${role}, sees no button that would make a change`, async () => {
        const { page, problems, close } = await openPage(browser, server.url);
        await signIn(page, server.url, await server.makeKey("auditor", role));
        await page.goto(`${server.url}/ui/claim?id=${claim.id}`);
        await page.getByText(`The role ${role} can see claims but not change them.`).waitFor();
        assert.equal(await page.getByRole("button", { name: /Freeze|Thaw|budget/ }).count(), 0);
        await page.goto(`${server.url}/ui/device?thingName=device-W-000001`);
        await page.getByText(`The role ${role} can see devices but not change them.`).waitFor();
        await settled(page);
        assert.equal(await page.getByRole("button", { name: /Rotate|groups|ctivate/ }).count(), 0);
        assert.deepEqual(problems, []);
        await close();
      });
    }
  });

  it("requests only once what a key may not see", async () => {
    const { page, close } = await openPage(browser, server.url, { expected: /status of (401|403)/ });
    await signIn(page, server.url, server.admin);
    const asked = [];
    const refuse = (route) => {
      asked.push(new URL(route.request().url()).pathname);
      return route.fulfill({ status: 403, contentType: "application/json", body: '{"message":"no policy allows it"}' });
    };
    for (const path of ["live", "hooks*", "alarms*"]) await page.route(`**/imprint/v1/${path}`, refuse);
    // Requests of the previous page do not count.
    page.on("framenavigated", () => (asked.length = 0));
    await page.reload();
    await page.getByText("Your key may not see the hooks").waitFor();
    await page.getByText("Read every 5 seconds", { exact: true }).waitFor();
    const pipelines = [];
    page.on("response", (response) => {
      if (response.url().includes("/imprint/v1/pipeline")) pipelines.push(response.url());
    });
    await waitUntil(() => pipelines.length >= 3, "the third reading of the pipeline");
    const count = (path) => asked.filter((one) => one.endsWith(path)).length;
    assert.equal(count("/hooks"), 1);
    assert.equal(count("/live"), 2, "the stream, and why it was refused");
    assert.ok(count("/alarms") <= 2, "the page and the feed");
    await close();
  });

  it("is served with a content security policy that admits nothing else", async () => {
    for (const path of ["/ui/", "/ui/devices", "/ui/no/such/page"]) {
      const { status, headers } = await server.request("GET", path);
      assert.equal(status, 200, path);
      const policy = headers["content-security-policy"];
      for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) {
        assert.ok(policy.includes(rule), `${path}: ${policy}`);
      }
      assert.ok(!policy.includes("unsafe"), policy);
    }
  });
});
