// SPDX-License-Identifier: Apache-2.0
// A real browser, and the requirements of every test on every page: no errors, no requests to other servers.
import { existsSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { chromium } from "playwright-core";

const kDeadline = 15_000;
/** A built dashboard to show instead of the one embedded in imprintd. */
const kDashboard = process.env.IMPRINT_DASHBOARD;
const kTypes = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

export const kSizes = { desk: { width: 1440, height: 900 }, tablet: { width: 820, height: 1180 }, phone: { width: 400, height: 860 } };

function chromiumPath() {
  const found = [process.env.IMPRINT_CHROMIUM, "/usr/bin/chromium"].find((path) => path !== undefined && existsSync(path));
  if (found === undefined) throw new Error("no chromium: apt install chromium, or set IMPRINT_CHROMIUM");
  return found;
}

export function launch() {
  // Chromium's sandbox does not run as root, as in a container; it only shows our own pages here.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: chromiumPath(), args });
}

/**
 * A page of its own (cookies, storage), and everything that went wrong on it: `problems` stays empty where all is well.
 * @param options.expected matches what the console may say: a refused sign-in is an answer of 401, which browsers report.
 */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: options.size ?? kSizes.desk,
    colorScheme: options.scheme ?? "light",
    reducedMotion: "reduce",
    hasTouch: options.size !== undefined && options.size !== kSizes.desk,
  });
  context.setDefaultTimeout(kDeadline);
  if (kDashboard !== undefined) await showDashboard(context, url);
  const page = await context.newPage();
  const problems = [];
  const origin = new URL(url).origin;
  const expected = options.expected ?? /status of 401/;
  page.on("console", (message) => {
    if (message.type() === "error" && !expected.test(message.text())) problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`error: ${error.stack ?? error}`));
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`)) problems.push(`asked elsewhere: ${request.url()}`);
  });
  return { page, context, problems, close: () => context.close() };
}

/** Serves the files of IMPRINT_DASHBOARD as the server would: with its headers, and with its one page for every address. */
async function showDashboard(context, url) {
  const headers = (await context.request.get(`${url}/ui/`)).headers();
  for (const name of ["content-encoding", "content-length", "etag", "transfer-encoding"]) delete headers[name];
  await context.route(
    (at) => at.pathname.startsWith("/ui/") && at.pathname !== "/ui/session",
    async (route) => {
      const name = new URL(route.request().url()).pathname.slice("/ui/".length);
      const file = join(resolve(kDashboard), extname(name) in kTypes ? name : "index.html");
      const contentType = `${kTypes[extname(file)]}; charset=utf-8`;
      await route.fulfill(existsSync(file) ? { path: file, headers: { ...headers, "content-type": contentType } } : { status: 404 });
    },
  );
}

/** Waits until all pending reads are complete. */
export async function settled(page) {
  await page.locator("h1").first().waitFor();
  await page.locator(".loading").first().waitFor({ state: "detached" });
}

export async function signIn(page, url, key) {
  await page.goto(`${url}/ui/`);
  await page.getByLabel("Access key id").fill(key.id);
  await page.getByLabel("Secret access key").fill(key.secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Pipeline" }).waitFor();
}
