// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launch, openPage, settled, signIn } from "./browser.mjs";
import { Deployment } from "./deployment.mjs";

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

  it("lets in who has a key, and out again", async () => {
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

  it("ends with its key, and goes on where it was after another sign-in", async () => {
    const key = await server.makeKey("passing", "read-only");
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, key);
    await page.getByRole("link", { name: "Templates" }).click();
    await settled(page);
    await server.imprint("credentials", "revoke", server.data, key.id);
    await page.getByRole("link", { name: "Hooks" }).click();
    await page.getByText("Your session has ended").waitFor();
    await page.getByLabel("Access key id").fill(server.admin.id);
    await page.getByLabel("Secret access key").fill(server.admin.secret);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "Hooks" }).waitFor();
    assert.deepEqual(problems, []);
    await close();
  });

  it("shows a role that changes nothing no button that would", async () => {
    await server.setUpMission();
    const claim = await server.makeClaim("looked-at", "--max-devices", "5");
    const { page, problems, close } = await openPage(browser, server.url);
    await signIn(page, server.url, await server.makeKey("auditor", "read-only"));
    await page.goto(`${server.url}/ui/claim?id=${claim.id}`);
    await page.getByText("The role read-only sees claims and does not change them.").waitFor();
    assert.equal(await page.getByRole("button", { name: /Freeze|Thaw|budget/ }).count(), 0);
    assert.deepEqual(problems, []);
    await close();
  });

  it("is served with a policy that lets nothing else in", async () => {
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
