# SPDX-License-Identifier: Apache-2.0
"""A factory in trouble: the alarm reaches a webhook, a mailbox and a topic, names the leading cause, is resolved, and survives a restart."""
import hashlib
import hmac
import http.server
import json
import queue
import re
import signal
import ssl
import subprocess
import threading
import time
import unittest
import urllib.request

from deployment import BIN, DEADLINE, run
from mail_server import MailServer
from provisioning_client import Device
from test_provisioning import WithServer

TEMPLATE = "FleetProvisioningTemplate"
WINDOW = 6
KEY = "0123456789abcdef0123456789abcdef"
MAIL_PASSWORD = "a-pass-w0rd-of-the-mailbox"


class Webhook(http.server.ThreadingHTTPServer):
    """Keeps the posted requests; refuses them while `is_down`."""
    daemon_threads = True

    def __init__(self):
        self.calls, self.is_down, self.refused = queue.Queue(), False, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                if self.is_down:
                    self.refused += 1
                    return handler.send_error(503)
                self.calls.put((dict(handler.headers), body))
                handler.send_response(204)
                handler.end_headers()

            def log_message(handler, *_):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Alarms(WithServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        scratch, data = cls.deployment.scratch, cls.deployment.data
        cls.addClassCleanup(lambda: [server.shutdown() or server.server_close() for server in (cls.webhook, cls.mail)])
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", scratch / "mail.key",
             "-out", data / "mail-ca.pem", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", 2])
        cls.mail = MailServer(data / "mail-ca.pem", scratch / "mail.key", ("imprint", MAIL_PASSWORD))
        cls.mail.unknown = ("TO:<gone@example.net>",)  # which must not keep anybody else from being notified
        cls.webhook = Webhook()
        for name, secret in (("alarms.key", KEY), ("mail.password", MAIL_PASSWORD)):
            path = data / "server" / name
            path.touch(mode=0o600)
            path.write_text(secret + "\n")
        cls.use_alarms(f"""[alarms]
topics = true
[alarms.webhook]
url = "http://127.0.0.1:{cls.webhook.server_address[1]}/alarms"
hmac-key-file = "server/alarms.key"
[alarms.mail]
server = "{cls.mail.url}"
from = "imprint@example.net"
to = ["ops@example.net", "gone@example.net", "line-3@example.net"]
user = "imprint"
password-file = "server/mail.password"
ca-file = "mail-ca.pem"
[alarms.failure-ratio]
window = "{WINDOW}s"
""")
        run([BIN / "imprint", "template", "set", data, TEMPLATE, "parameter.SerialNumber.pattern=A[0-9]+-.*"])

    @classmethod
    def use_alarms(cls, tables):
        """Replaces the commented tables and reloads them with SIGHUP."""
        config = cls.deployment.data / "imprint.toml"
        text = config.read_text()
        begin, end = text.index("\n[alarms]\n") + 1, text.index("\n# Pre-provisioning hooks")
        config.write_text(text[:begin] + tables + text[end:])
        cls.deployment.process.send_signal(signal.SIGHUP)
        cls.deployment.wait_until(lambda: len(cls.imprint("alarm", "test")["channels"]) == 4)
        while not cls.webhook.calls.empty():
            cls.webhook.calls.get()
        while not cls.mail.mails.empty():
            cls.mail.mails.get()

    @classmethod
    def imprint(cls, noun, verb, *words):
        return json.loads(run([BIN / "imprint", noun, verb, cls.deployment.data, *words, "--output", "json"], check=False).stdout)

    def fleet(self, devices, prefix):
        done = run([BIN / "imprint", "fleet", self.deployment.data, "--template", TEMPLATE, "--claim", self.claim, "--devices", devices,
                    "--serial-prefix", prefix, "--concurrency", 16, "--no-reconnect", "--output", "json"], check=False)
        return json.loads(done.stdout)

    def factory(self, name, good, bad):
        self.assertEqual(self.fleet(bad, f"broken{name}-")["failed"], bad)
        self.assertEqual(self.fleet(good, f"A{name}-")["succeeded"], good)

    def raised(self):
        return self.imprint("alarm", "list")["alarms"]

    def told(self, event, kind="failure-ratio"):
        """The next message at the webhook, which must be this event."""
        headers, body = self.webhook.calls.get(timeout=DEADLINE)
        told = json.loads(body)
        self.assertEqual((told["event"], told["alarm"]["alarm"]), (event, kind), told)
        seconds, signature = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["Imprint-Signature"]).groups()
        expected = hmac.new(KEY.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
        self.assertEqual(signature, expected)
        self.assertLess(abs(int(seconds) - time.time()), 300)
        return told["alarm"]

    def mailed(self, event):
        mail = self.mail.mails.get(timeout=DEADLINE)
        self.assertEqual(mail["from"], "FROM:<imprint@example.net>")
        self.assertEqual(mail["to"], ["TO:<ops@example.net>", "TO:<line-3@example.net>"])
        self.assertIn(f"failure-ratio {event}", mail["message"]["Subject"])
        return mail["message"].get_content()

    def metric(self, name):
        context = ssl.create_default_context(cafile=str(self.deployment.data / "root-ca.pem"))
        metrics = urllib.request.urlopen(self.deployment.http + "/metrics", context=context).read().decode()
        found = re.search(re.escape(name) + r" (\d+)", metrics)
        return int(found.group(1)) if found else 0

    def mails_told(self):
        return self.metric('imprint_alarm_deliveries_total{channel="mail",outcome="delivered"}')

    def operator(self):
        """A client certificate for a person who may subscribe to alarms and may try to publish some."""
        made = self.deployment.aws("iot", "create-keys-and-certificate", "--set-as-active")
        folder = self.deployment.scratch
        (folder / "operator.pem").write_text(made["certificatePem"])
        (folder / "operator.key").write_text(made["keyPair"]["PrivateKey"])
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "arn:aws:iot:*:*:topicfilter/$imprint/alarms/#"},
            {"Effect": "Allow", "Action": ["iot:Receive", "iot:Publish"], "Resource": "arn:aws:iot:*:*:topic/$imprint/alarms/*"}]}
        self.deployment.aws("iot", "create-policy", "--policy-name", "Operators", "--policy-document", json.dumps(policy))
        self.deployment.aws("iot", "attach-policy", "--policy-name", "Operators", "--target", made["certificateArn"])
        return folder / "operator.pem", folder / "operator.key"

    def listen(self, certificate, key):
        """Starts an unmodified mosquitto_sub; returns its messages, line by line, once it has subscribed."""
        listener = subprocess.Popen(["stdbuf", "-oL", "mosquitto_sub", "-d", "-v", "-h", "127.0.0.1", "-p", str(self.deployment.mqtt_port), "-i", "operator", "-q", "1",
                                     "--cafile", str(self.deployment.data / "root-ca.pem"), "--cert", str(certificate), "--key", str(key),
                                     "-t", "$imprint/alarms/#"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = queue.Queue()
        reader = threading.Thread(target=lambda: [lines.put(line) for line in listener.stdout], daemon=True)
        reader.start()

        def end():
            listener.kill()
            listener.wait()
            reader.join()
            listener.stdout.close()
        self.addCleanup(end)
        while "Subscribed" not in lines.get(timeout=DEADLINE):
            pass

        def next_message():
            while True:
                line = lines.get(timeout=DEADLINE)
                if line.startswith("$imprint/"):
                    topic, _, payload = line.partition(" ")
                    return topic, json.loads(payload)
        return next_message

    def test_a_failing_factory_and_its_recovery_are_notified_on_every_channel(self):
        certificate, key = self.operator()
        on_topic = self.listen(certificate, key)
        self.factory(1, good=93, bad=7)
        alarm = self.told("raised")
        self.assertEqual((alarm["state"], alarm["severity"]), ("raised", "critical"))
        self.assertRegex(alarm["because"], r"7 of \d+ provisioning steps failed within 6s")
        self.assertIn("(not-admitted)", alarm["because"])
        serial = alarm["device"]["serialNumber"]
        self.assertTrue(serial.startswith("broken1-"), alarm)
        self.assertEqual(alarm["commands"], [f"imprint explain DIR --serial={serial}"])
        listed = run([BIN / "imprint", "alarm", "list", self.deployment.data]).stdout
        self.assertIn(f"imprint explain {self.deployment.data} --serial={serial}", listed)
        self.assertEqual([one["id"] for one in self.raised()], [alarm["id"]])
        self.assertEqual(self.metric('imprint_alarms_active{alarm="failure-ratio"}'), 1)
        mail = self.mailed("raised")
        for part in (alarm["because"], alarm["next"], alarm["id"]):
            self.assertIn(part, mail)
        topic, message = on_topic()
        self.assertEqual((topic, message["event"], message["alarm"]["id"]), ("$imprint/alarms/failure-ratio", "raised", alarm["id"]))

        over = self.told("resolved")
        self.assertEqual((over["id"], over["state"]), (alarm["id"], "resolved"))
        self.assertGreaterEqual(over["resolvedAt"] - over["since"], WINDOW)
        self.assertIn("resolvedBecause", over)
        self.assertIn(alarm["id"], self.mailed("resolved"))
        self.assertEqual(on_topic()[1]["event"], "resolved")
        self.assertEqual(self.raised(), [])
        self.assertIn(alarm["id"], [one["id"] for one in self.imprint("alarm", "list", "--all")["alarms"]])
        self.deployment.wait_for_log("alarm resolved")
        self.deployment.wait_until(lambda: self.mails_told() >= 2)

        pipeline = self.pipeline()
        self.assertEqual(sum(pipeline["series"]["onboarded"]), pipeline["now"]["onboarded"])
        self.assertEqual(pipeline["categories"][0]["category"], "not-admitted")
        self.assertGreater(pipeline["latency"]["p95"], 0)

        # Only the server may publish there, whatever the policy says.
        liar = Device(self.deployment.mqtt_port, certificate, key, self.deployment.data / "root-ca.pem", "liar")
        self.addCleanup(liar.close)
        liar.connect()
        liar.publish("$imprint/alarms/failure-ratio", "{}")
        self.assertTrue(liar.gone.wait(DEADLINE))

    def pipeline(self):
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        import configparser
        keys = configparser.ConfigParser()
        keys.read(self.deployment.data / "admin.credentials")
        request = AWSRequest("GET", self.deployment.http + "/imprint/v1/pipeline?span=hour")
        SigV4Auth(Credentials(keys["default"]["aws_access_key_id"], keys["default"]["aws_secret_access_key"]), "iot", "us-east-1").add_auth(request)
        context = ssl.create_default_context(cafile=str(self.deployment.data / "root-ca.pem"))
        with urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers)), context=context) as answer:
            return json.load(answer)

    def test_one_refusal_of_three_raises_no_alarm(self):
        before = self.pipeline()["now"]["onboarded"]
        self.factory(2, good=2, bad=1)
        self.deployment.wait_until(lambda: self.pipeline()["now"]["onboarded"] == before + 2)
        # A device that is counted later shows that the rules have judged all that was counted before.
        self.assertEqual(self.fleet(1, "A22-")["succeeded"], 1)
        self.deployment.wait_until(lambda: self.pipeline()["now"]["onboarded"] == before + 3)
        self.assertEqual(self.raised(), [])
        self.assertTrue(self.webhook.calls.empty())

    def test_a_restart_keeps_the_state_and_notifies_nobody_twice(self):
        self.webhook.is_down = True
        told = self.mails_told()
        self.factory(3, good=30, bad=10)
        self.deployment.wait_until(lambda: self.raised() and self.webhook.refused)
        self.mailed("raised")
        # A mail server has a mail before imprintd knows it: if imprintd stops in between, the mail is sent again.
        self.deployment.wait_until(lambda: self.mails_told() > told)
        self.webhook.is_down = False
        self.deployment.stop()
        self.deployment.start()
        alarm = self.told("raised")  # the notification that was still to be sent
        self.assertEqual([one["id"] for one in self.imprint("alarm", "list", "--all")["alarms"]][0], alarm["id"])
        over = self.told("resolved")
        self.assertEqual(over["id"], alarm["id"])
        self.assertGreaterEqual(over["resolvedAt"] - over["since"], WINDOW)
        self.assertIn(alarm["id"], self.mailed("resolved"))  # and no second mail about the raise
        self.assertEqual(self.deployment.server_log().count(f"id={alarm['id']}"), 2, "raised and resolved, once each")

    def test_a_frozen_claim_raises_an_alarm_until_it_is_thawed(self):
        folder = self.deployment.scratch / "small"
        made = self.imprint("claim", "create", "--template", TEMPLATE, "--out", folder, "--max-devices", "1")
        for number in (1, 2):
            run([BIN / "imprint", "fleet", self.deployment.data, "--template", TEMPLATE, "--claim", folder, "--devices", 1, "--first-serial", number,
                 "--serial-prefix", "A9-", "--no-reconnect"], check=False)
        alarm = self.told("raised", "claim-frozen")
        self.assertEqual((alarm["subject"], alarm["subjectKind"]), (made["certificateId"], "claim"))
        self.assertIn("1 of 1 are registered", alarm["because"])
        self.mail.mails.get(timeout=DEADLINE)
        self.imprint("claim", "thaw", made["certificateId"])
        self.assertEqual(self.told("resolved", "claim-frozen")["id"], alarm["id"])
        self.mail.mails.get(timeout=DEADLINE)
        story = json.loads(
            run([BIN / "imprint", "explain", self.deployment.data, "--certificate", made["certificateId"], "--output", "json"]).stdout)
        self.assertIn("resolved", [event["outcome"] for event in story["events"] if event["step"] == "alarm"])

    def test_a_failing_channel_is_named(self):
        self.webhook.is_down = True
        try:
            done = run([BIN / "imprint", "alarm", "test", self.deployment.data], check=False)
        finally:
            self.webhook.is_down = False
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"log +delivered\nmqtt +delivered\nwebhook +FAILED: .* answered 503 .*\nmail +delivered\n")
        self.assertIn("test", self.mail.mails.get(timeout=DEADLINE)["message"]["Subject"])

    def test_a_mistake_in_the_file_is_reported_and_changes_nothing(self):
        config = self.deployment.data / "imprint.toml"
        text = config.read_text()
        config.write_text(text.replace(f'window = "{WINDOW}s"', 'window = "1s"'))
        self.deployment.process.send_signal(signal.SIGHUP)
        self.deployment.wait_for_log("alarms.failure-ratio.window")
        config.write_text(text)
        self.assertTrue(all(channel["delivered"] for channel in self.imprint("alarm", "test")["channels"]))
        self.webhook.calls.get(timeout=DEADLINE)
        self.mail.mails.get(timeout=DEADLINE)


if __name__ == "__main__":
    unittest.main()
