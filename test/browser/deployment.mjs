// SPDX-License-Identifier: Apache-2.0
// A real imprintd in a scratch directory, its operator, and simulated devices.
import { execFile, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, appendFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const kRoot = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const kBin = process.env.IMPRINT_BIN ?? join(kRoot, "build/bin");
const kDeadline = 60_000;

export const kTemplate = "FleetProvisioningTemplate";
export const kTemplateBody = readFileSync(join(kRoot, "examples/fleet-provisioning-template.json"), "utf8");
const kPolicyBody = readFileSync(join(kRoot, "examples/device-policy.json"), "utf8");
const kRole = "arn:aws:iam::000000000000:role/provisioning";

/** Runs one of our programs to completion; returns its output and exit code. */
function run(program, ...words) {
  return new Promise((done) => {
    execFile(join(kBin, program), words.map(String), { timeout: kDeadline, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : (error.code ?? 1), stdout, stderr });
    });
  });
}

export async function waitUntil(isSo, what) {
  const end = Date.now() + kDeadline;
  while (Date.now() < end) {
    const value = await isSo();
    if (value) return value;
    await new Promise((later) => setTimeout(later, 50));
  }
  throw new Error(`${what}: not reached in time`);
}

export class Deployment {
  /** @param prepare may change the deployment's directory before the server starts. */
  static async start(config = "", prepare = async () => {}) {
    const one = new Deployment();
    one.scratch = mkdtempSync(join(tmpdir(), "imprint-browser-"));
    one.data = join(one.scratch, "deployment");
    await one.imprint("init", one.data);
    if (config !== "") appendFileSync(join(one.data, "imprint.toml"), config);
    await prepare(one.data);
    const log = createWriteStream(join(one.scratch, "imprintd.log"));
    one.process = spawn(join(kBin, "imprintd"), [one.data, "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
    one.process.stderr.pipe(log);
    const lines = createInterface({ input: one.process.stdout });
    const [line] = await Promise.race([
      new Promise((done) => lines.once("line", (text) => done([text]))),
      new Promise((done) => one.process.once("exit", () => done(["nothing and exited at once"]))),
    ]);
    const found = /^imprintd ready mqtt=\S+ http=(https:\S+) pid=\d+$/.exec(line);
    if (found === null) throw new Error(`imprintd printed ${line}\n${readFileSync(join(one.scratch, "imprintd.log"), "utf8")}`);
    one.url = found[1];
    one.ca = readFileSync(join(one.data, "root-ca.pem"));
    one.admin = keyIn(readFileSync(join(one.data, "admin.credentials"), "utf8"));
    await one.signIn();
    return one;
  }

  async stop() {
    if (this.process.exitCode === null) {
      const gone = new Promise((done) => this.process.once("exit", done));
      this.process.kill("SIGTERM");
      await gone;
    }
    rmSync(this.scratch, { recursive: true, force: true });
  }

  /** Runs the operator's tool; returns its output. */
  async imprint(...words) {
    const { code, stdout, stderr } = await run("imprint", ...words);
    if (code !== 0) throw new Error(`imprint ${words.join(" ")} exited with ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  // ---- the REST API, as the dashboard uses it ----

  request(method, path, body, headers = {}) {
    return new Promise((done, failed) => {
      const options = { method, ca: this.ca, headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) } };
      const request = https.request(this.url + path, options, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => done({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }));
      });
      request.setTimeout(kDeadline, () => request.destroy(new Error(`${method} ${path} took too long`)));
      request.on("error", failed);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async signIn() {
    const answer = await this.request("POST", "/ui/session", { accessKeyId: this.admin.id, secretAccessKey: this.admin.secret });
    if (answer.status !== 200) throw new Error(`no session: ${answer.status} ${answer.text}`);
    this.session = { cookie: answer.headers["set-cookie"][0].split(";")[0], "x-imprint-csrf": JSON.parse(answer.text).csrfToken };
  }

  async call(method, path, body) {
    const answer = await this.request(method, path, body, this.session);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text === "" ? {} : JSON.parse(answer.text);
  }

  /** The sum of a metric's samples that have all of these labels. */
  async metric(name, labels = {}) {
    const { text } = await this.request("GET", "/metrics");
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const samples = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return samples.filter((line) => wanted.every((label) => line.includes(label))).reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  // ---- set-up for tests ----

  async setUpMission() {
    await this.call("POST", "/thing-types/SmartSensor", {});
    await this.call("POST", "/thing-groups/unprovisioned-devices", {});
    await this.call("POST", "/policies/FleetDevicePolicy", { policyDocument: kPolicyBody });
    await this.call("POST", "/provisioning-templates", {
      templateName: kTemplate,
      enabled: true,
      provisioningRoleArn: kRole,
      templateBody: kTemplateBody,
    });
  }

  /** Makes a claim; returns its folder for devices and its id. */
  async makeClaim(name, ...options) {
    const folder = join(this.scratch, name);
    const made = await this.imprint("claim", "create", this.data, "--template", kTemplate, "--out", folder, "--output", "json", ...options);
    return { folder, id: JSON.parse(made).certificateId };
  }

  /** Simulated devices provision with the claim as far as possible. */
  async fleet(claim, devices, prefix, ...options) {
    const words = ["--template", kTemplate, "--claim", claim.folder, "--devices", devices, "--serial-prefix", prefix, "--no-reconnect", ...(options.includes("--concurrency") ? [] : ["--concurrency", 16])];
    const { stdout, stderr } = await run("imprint", "fleet", this.data, ...words, "--output", "json", ...options);
    try {
      return JSON.parse(stdout);
    } catch {
      throw new Error(`imprint fleet: ${stdout}${stderr}`);
    }
  }

  async makeKey(name, role) {
    return keyIn(await this.imprint("credentials", "create", this.data, "--name", name, "--role", role));
  }
}

function keyIn(text) {
  const id = /aws_access_key_id\s*=\s*(\S+)/.exec(text)?.[1];
  const secret = /aws_secret_access_key\s*=\s*(\S+)/.exec(text)?.[1];
  if (id === undefined || secret === undefined) throw new Error("no access key in what was made");
  return { id, secret };
}
