# SPDX-License-Identifier: Apache-2.0
"""The example pre-provisioning handler, compiled from TypeScript and run by Node, decides about devices over each transport."""
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from deployment import BIN, DEADLINE, ROLE, ROOT, TEMPLATE, run
from test_provisioning import CREATE_CSR, WithServer, make_csr

HOOK = ROOT / "examples/hook"
HERE = pathlib.Path(__file__).parent
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
KEY = "0123456789abcdef0123456789abcdef"
PARALLEL = 8


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class SlowHook(ThreadingHTTPServer):
    """HTTPS: answers every event slowly, records how many it had at once, and refuses unsigned requests."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, seconds, folder):
        self.seconds, self.lock, self.now, self.most, self.served = seconds, threading.Lock(), 0, 0, 0
        super().__init__(("127.0.0.1", 0), SlowHook.Request)
        self.certificate = folder / "slow.pem"
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=slow",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "slow.key", "-out", self.certificate])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "slow.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Request(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seconds, signature = (part.split("=")[1] for part in self.headers["Imprint-Signature"].split(","))
            expected = hmac.new(KEY.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
            with self.server.lock:
                self.server.now += 1
                self.server.most = max(self.server.most, self.server.now)
            time.sleep(self.server.seconds)
            with self.server.lock:
                self.server.now -= 1
                self.server.served += 1
            answer = json.dumps({"allowProvisioning": hmac.compare_digest(signature, expected)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def setup(self):
            self.request.settimeout(DEADLINE)
            super().setup()

        def log_message(self, *_):
            pass


class Hooks(WithServer):
    templates = 0

    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="imprint-hooks-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch, ignore_errors=True)
        cls.compile_handler()
        key = cls.scratch / "hmac.key"
        key.write_text(KEY + "\n")
        key.chmod(0o600)
        cls.slow = SlowHook(0.2, cls.scratch)
        cls.addClassCleanup(cls.slow.server_close)
        cls.addClassCleanup(cls.slow.shutdown)
        cls.runtime_port, cls.lonely_port, cls.http_port = free_port(), free_port(), free_port()
        lines = json.dumps(["env", "MAX_FLEET_SIZE=20", "node", str(HOOK / "lines.mjs"), str(cls.handler)])
        cls.CONFIG = f"""
[[hook]]
arn = "{FUNCTION}runtime"
transport = "runtime"
listen = "127.0.0.1:{cls.runtime_port}"
[[hook]]
arn = "{FUNCTION}command"
transport = "command"
command = {lines}
concurrency = 1
[[hook]]
arn = "{FUNCTION}http"
transport = "http"
url = "http://127.0.0.1:{cls.http_port}/"
hmac-key-file = "{key}"
[[hook]]
arn = "{FUNCTION}slow"
transport = "http"
url = "https://127.0.0.1:{cls.slow.server_port}/"
concurrency = {PARALLEL}
ca-file = "{cls.slow.certificate}"
hmac-key-file = "{key}"
[[hook]]
arn = "{FUNCTION}impostor"
transport = "http"
url = "https://127.0.0.1:{cls.slow.server_port}/"
ca-file = "root-ca.pem"
[[hook]]
arn = "{FUNCTION}lonely"
transport = "runtime"
listen = "127.0.0.1:{cls.lonely_port}"
timeout = "1s"
[[hook]]
arn = "{FUNCTION}shadow"
transport = "http"
url = "http://127.0.0.1:{cls.http_port}/"
hmac-key-file = "{key}"
shadow = true
"""
        super().setUpClass()
        cls.iot = cls.deployment.boto3()
        cls.addClassCleanup(cls.iot.close)
        cls.start_worker(["node", HOOK / "bootstrap.mjs", cls.handler, "4"], AWS_LAMBDA_RUNTIME_API=f"127.0.0.1:{cls.runtime_port}")
        cls.start_worker(["node", HOOK / "server.mjs", cls.handler, "--port", cls.http_port, "--key", key])

    @classmethod
    def compile_handler(cls):
        run(["node", HERE / "node_modules/typescript/bin/tsc", "--target", "es2022", "--module", "commonjs", "--strict",
             "--outDir", cls.scratch, HOOK / "pre-provision.ts"])
        cls.handler = cls.scratch / "pre-provision.js"

    @classmethod
    def start_worker(cls, command, **environment):
        worker = subprocess.Popen([str(word) for word in command], env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)

        def end():
            worker.kill()
            worker.wait()
            worker.stdout.close()
        cls.addClassCleanup(end)
        if "ready" not in worker.stdout.readline():
            raise AssertionError(f"{command} did not start")

    @classmethod
    def tearDownClass(cls):
        if cls.deployment.stop() != 0:
            raise AssertionError(cls.deployment.server_log()[-4000:])

    def template(self, hook, body=None):
        """Makes a template with that hook, one for each test, and its claim."""
        self.__class__.templates += 1
        name = f"{hook}-{self.templates}"
        iot = self.iot
        iot.create_provisioning_template(templateName=name, enabled=True, provisioningRoleArn=ROLE, templateBody=body or TEMPLATE.read_text(),
                                         preProvisioningHook={"targetArn": FUNCTION + hook})
        described = iot.describe_provisioning_template(templateName=name)
        self.assertEqual(described["preProvisioningHook"], {"targetArn": FUNCTION + hook, "payloadVersion": "2020-04-01"})
        return name, self.deployment.make_claim(f"claim-{name}", name)

    def fleet(self, name, claim, prefix, devices, *more):
        """Runs `imprint fleet`; returns the number of devices that succeeded, and of failures by cause."""
        done = run([BIN / "imprint", "fleet", self.deployment.data, "--devices", devices, "--template", name, "--claim", claim,
                    "--serial-prefix", prefix, "--output", "json", *more], check=False, timeout=3 * DEADLINE)
        return json.loads(done.stdout.strip().splitlines()[-1])

    def metric(self, name, **labels):
        context = ssl.create_default_context(cafile=str(self.deployment.data / "root-ca.pem"))
        with urllib.request.urlopen(self.deployment.http + "/metrics", context=context) as answer:
            text = answer.read().decode()
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines()
                   if line.startswith(name + "{") and all(label in line for label in wanted))

    def explain(self, serial, wanted):
        for _ in range(DEADLINE * 10):
            story = json.loads(run([BIN / "imprint", "explain", self.deployment.data, "--serial", serial, "--output", "json"]).stdout)
            if any(wanted in event["sentence"] for event in story["events"]):
                return story
            time.sleep(0.1)
        raise AssertionError(f"{wanted!r} is not in the story: {story}")

    # ---- the handler, over each transport ----

    def decide_over_a_fleet(self, transport):
        name, claim = self.template(transport)
        good = self.fleet(name, claim, "EU-TH-", 15)
        self.assertEqual(good["succeeded"], 15, good)
        bad = self.fleet(name, claim, f"{transport}-", 4)
        self.assertEqual(bad["succeeded"], 0, bad)
        self.assertIn("AccessDenied", json.dumps(bad))
        self.assertNotIn("Unknown serial", json.dumps(bad), "the device must not learn it")
        self.assertEqual(self.metric("imprint_hook_rejections_total", template=name, reason="denied"), 4)
        story = self.explain(f"{transport}-000001", "denied the device")
        self.assertIn("Unknown serial", json.dumps(story["events"]))
        self.assertIn("denied the device; that is final", story["next"])

    def test_the_runtime_api(self):
        self.decide_over_a_fleet("runtime")

    def test_a_command(self):
        name, claim = self.template("command")
        self.assertEqual(self.fleet(name, claim, "US-CO-", 20)["succeeded"], 20)
        full = self.fleet(name, claim, "US-TH-", 2)
        self.assertEqual(full["succeeded"], 0, full)
        self.assertIn("Fleet limit reached", json.dumps(self.explain("US-TH-000001", "denied the device")["events"]))

    def test_a_signed_post(self):
        name, claim = self.template("http")
        self.assertEqual(self.fleet(name, claim, "US-TH-1", 5, "--first-serial", "0")["succeeded"], 0)
        self.assertEqual(self.fleet(name, claim, "EU-CO-", 5)["succeeded"], 5)

    def test_overrides_reach_the_thing_when_the_template_declares_them(self):
        body = json.loads(TEMPLATE.read_text())
        for parameter in ("Region", "ProductLine"):
            body["Parameters"][parameter] = {"Type": "String"}
        body["Resources"]["thing"]["Properties"]["AttributePayload"].update(region={"Ref": "Region"}, productLine={"Ref": "ProductLine"})
        name, claim = self.template("runtime", json.dumps(body))
        self.assertEqual(self.fleet(name, claim, "US-CO-9", 1, "--first-serial", "0")["succeeded"], 0)
        self.assertEqual(self.fleet(name, claim, "US-TH-", 1, "--first-serial", "900001")["succeeded"], 1)
        thing = self.iot.describe_thing(thingName="device-US-TH-900001")
        self.assertEqual((thing["attributes"]["region"], thing["attributes"]["productLine"]), ("us-east-1", "thermostat"))
        tried = json.loads(run([BIN / "imprint", "template", "try", self.deployment.data, name, "--parameter", "SerialNumber=EU-CO-900002",
                                "--parameter", "FirmwareVersion=1", "--output", "json"]).stdout)
        self.assertEqual(tried["hook"]["parameterOverrides"], {"Region": "eu-central-1", "ProductLine": "co2-meter"})
        text = run([BIN / "imprint", "template", "try", self.deployment.data, name, "--parameter", "SerialNumber=x",
                    "--parameter", "FirmwareVersion=1"], check=False).stdout
        self.assertIn("Unknown serial: x", text)
        self.assertIn("Refused with AccessDenied", text)

    # ---- what goes wrong ----

    def ask(self, name, claim, serial):
        self.__class__.claim, kept = claim, self.claim
        try:
            device = self.connect_claim(f"bench-{serial}")
            ok, created = device.request(CREATE_CSR, {"certificateSigningRequest": make_csr(self.deployment.scratch, serial)[1]})
            self.assertTrue(ok, created)
            return device.request(f"$aws/provisioning-templates/{name}/provision/json",
                                  {"certificateOwnershipToken": created["certificateOwnershipToken"],
                                   "parameters": {"SerialNumber": serial, "FirmwareVersion": "1"}})
        finally:
            self.__class__.claim = kept

    def test_no_device_is_admitted_without_a_worker(self):
        name, claim = self.template("lonely")
        ok, answer = self.ask(name, claim, "EU-TH-100001")
        self.assertEqual((ok, answer["statusCode"], answer["errorCode"]), (False, 403, "AccessDenied"))
        self.assertIn("try the same request again later", answer["errorMessage"])
        self.assertEqual(self.metric("imprint_hook_rejections_total", template=name, reason="timed_out"), 1)
        story = self.explain("EU-TH-100001", "did not answer in time")
        self.assertIn("a worker to ask for it at http://127.0.0.1:", json.dumps(story["events"]))
        self.assertIn("did not answer in time", story["next"])

    def test_no_device_is_admitted_if_the_hook_is_not_configured(self):
        name, claim = self.template("nowhere")
        ok, answer = self.ask(name, claim, "EU-TH-200001")
        self.assertEqual((ok, answer["errorCode"]), (False, "AccessDenied"))
        self.assertNotIn("imprint.toml", json.dumps(answer))
        self.assertIn("no [[hook]] in imprint.toml answers for", json.dumps(self.explain("EU-TH-200001", "hook")["events"]))
        self.assertEqual(self.metric("imprint_hook_rejections_total", template=name, reason="failed"), 1)
        # Without the hook, the template works again.
        self.deployment.aws("iot", "update-provisioning-template", "--template-name", name, "--remove-pre-provisioning-hook")
        self.assertTrue(self.ask(name, claim, "EU-TH-200002")[0])

    def test_a_server_with_a_certificate_of_another_ca_receives_nothing(self):
        name, claim = self.template("impostor")
        served = self.slow.served
        self.assertFalse(self.ask(name, claim, "EU-TH-300001")[0])
        self.assertRegex(json.dumps(self.explain("EU-TH-300001", "failed")["events"]), "certificate|SSL")
        self.assertEqual(self.slow.served, served)

    def test_a_shadow_only_watches(self):
        name, claim = self.template("shadow")
        self.assertTrue(self.ask(name, claim, "no-such-serial")[0])
        self.assertIn("would have denied the device", json.dumps(self.explain("no-such-serial", "shadow")["events"]))
        self.assertEqual(self.metric("imprint_hook_rejections_total", template=name), 0)

    # ---- throughput ----

    def test_the_hooks_concurrency_sets_its_rate_and_others_are_not_delayed(self):
        name, claim = self.template("slow")
        thing, certificate, key, _ = self.onboard("bystander")
        bystander = self.connect_device(thing, certificate, key)
        bystander.subscribe(f"device/{thing}/in")
        result, before = [], self.slow.served
        fleet = threading.Thread(target=lambda: result.append(self.fleet(name, claim, "slow-", 60, "--concurrency", "60")))
        fleet.start()
        self.deployment.wait_until(lambda: self.slow.now == PARALLEL)
        heard = 0
        while fleet.is_alive():
            bystander.publish(f"device/{thing}/in", "hello")
            self.assertEqual(bystander.receive(), (f"device/{thing}/in", b"hello"))
            heard += 1
        fleet.join()
        self.assertEqual(result[0]["succeeded"], 60, result)
        self.assertEqual((self.slow.most, self.slow.served - before), (PARALLEL, 60))
        self.assertGreater(heard, 10)


if __name__ == "__main__":
    unittest.main()
