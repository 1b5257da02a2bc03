# SPDX-License-Identifier: Apache-2.0
"""The audit trail as its readers use it: verified, archived, exported, and checked by a program that shares no code with Imprint."""
import configparser
import hashlib
import json
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time
import unittest

from deployment import BIN, DEADLINE, Deployment, run
from test_provisioning import WithServer

ZERO = bytes(32)
# RFC 5424, section 6: PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP SD [SP MSG].
SYSLOG = re.compile(r"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([!-~]{1,255}) imprintd - ([!-~]{1,32}) "
                    r'\[imprint@32473((?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\["\\\]]|\\[^"\\\]])*")+)\](?: \ufeff(.*))?', re.DOTALL)


def canonical(event):
    """The canonical form, as docs/audit.md defines it."""
    fields = ["imprint-audit-1", event["sequence"], event["time"], *(event.get(name, "") for name in (
        "step", "outcome", "actor", "correlation", "thing", "certificate", "client", "serial_number", "detail"))]
    return b"".join(len(text).to_bytes(4, "big") + text for text in (str(field).encode() for field in fields))


def archived(data):
    """Every event of the archive; checks each file and each hash against the one before."""
    events, at = [], None
    for path in sorted((data / "audit").iterdir()):
        header, *lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert at is None or (header["after"], header["hash"]) == at, path
        at = (header["after"], header["hash"])
        for event in lines:
            assert event["sequence"] == at[0] + 1, (path, event)
            digest = hashlib.sha256(bytes.fromhex(at[1]) + canonical(event)).hexdigest()
            assert digest == event["hash"], (path, event)
            at = (event["sequence"], digest)
            events.append(event)
    return events


def iso(seconds):
    milliseconds = round(seconds * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000)) + f".{milliseconds % 1000:03}Z"


def syslog_values(text):
    return {name: re.sub(r'\\(["\\\]])', r"\1", value) for name, value in re.findall(r' ([^ =]+)="((?:[^"\\\]]|\\.)*)"', text)}


class Audit(WithServer):
    def audit(self, verb, *words, check=True, data=None):
        return run([BIN / "imprint", "audit", verb, data or self.deployment.data, *words], check=check)

    def verify(self, *words, data=None):
        done = self.audit("verify", "--output", "json", *words, check=False, data=data)
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if report["intact"] else 1, report)
        return report

    def wait_until_archived(self):
        head = int(self.audit("head").stdout.split(":")[0])
        self.deployment.wait_until(lambda: self.verify()["archive"]["last"] >= head)

    def stopped_copy(self):
        """A copy of the running deployment's trail, to tamper with."""
        copy = self.deployment.scratch / f"copy-{time.monotonic_ns()}"
        run([BIN / "imprint", "backup", self.deployment.data, f"{copy}.tar"])
        run([BIN / "imprint", "restore", f"{copy}.tar", copy])
        return copy

    def test_one_device_is_recorded_from_claim_to_connection_and_the_chain_is_intact(self):
        thing, certificate, key, certificate_id = self.onboard("a1")
        self.connect_device(thing, certificate, key).close()
        self.wait_until_archived()
        steps = {event["step"] for event in archived(self.deployment.data) if certificate_id in json.dumps(event)}
        self.assertLessEqual({"create_certificate_from_csr", "register_thing"}, steps)
        report = self.verify()
        self.assertTrue(report["intact"], report)
        self.assertEqual((report["store"]["first"], report["archive"]["first"]), (1, 1))
        self.assertIn("The audit trail is intact", self.audit("verify").stdout)
        for path in (self.deployment.data / "audit", *(self.deployment.data / "audit").iterdir()):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)

    def test_a_head_noted_earlier_verifies_later(self):
        head = self.audit("head").stdout.strip()
        self.onboard("a2")
        self.assertTrue(self.verify("--head", head)["intact"])
        sequence, digest = head.split(":")
        other = f"{sequence}:{'0' if digest[0] != '0' else '1'}{digest[1:]}"
        self.assertEqual(self.verify("--head", other)["problem"]["what"], "altered")
        self.assertEqual(self.verify("--head", f"99999999:{digest}")["problem"]["what"], "removed")
        self.assertEqual(self.audit("verify", "--head", "nonsense", check=False).returncode, 2)

    def test_tampering_is_found_and_named(self):
        self.onboard("a3")
        self.wait_until_archived()
        for statement, what in (("UPDATE audit_events SET body=replace(body, 'device-a3', 'device-x3') WHERE thing='device-a3'", "altered"),
                                ("DELETE FROM audit_events WHERE sequence=3", "removed")):
            copy = self.stopped_copy()
            with sqlite3.connect(copy / "imprint.db") as store:
                self.assertGreater(store.execute(statement).rowcount, 0)
            store.close()
            problem = self.verify(data=copy)["problem"]
            self.assertEqual((problem["what"], problem["where"]), (what, "the store"))
            told = self.audit("verify", check=False, data=copy)
            self.assertEqual(told.returncode, 1)
            self.assertIn(f"event {problem['sequence']}", told.stdout)
            self.assertIn("Next: ", told.stdout)
        copy = self.stopped_copy()
        path = sorted((copy / "audit").iterdir())[0]
        lines = path.read_text().splitlines()
        lines[4], lines[5] = lines[5], lines[4]
        path.write_text("\n".join(lines) + "\n")
        problem = self.verify(data=copy)["problem"]
        self.assertEqual((problem["what"], problem["sequence"], problem["line"], problem["where"]), ("reordered", 4, 5, str(path)))

    def test_a_deployment_with_a_lost_store_is_not_healthy(self):
        with Deployment() as deployment:
            deployment.boto3().create_thing(thingName="known")
            deployment.stop()
            (deployment.data / "imprint.db").unlink()
            serve = [BIN / "imprintd", deployment.data, "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"]
            refused = run(serve, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("imprint restore", refused.stderr)
            self.assertIn("empty registry", refused.stderr)
            doctor = run([BIN / "imprint", "doctor", deployment.data], check=False)
            self.assertEqual(doctor.returncode, 1)
            self.assertIn("has served before", doctor.stdout)
            with subprocess.Popen([*serve, "--begin-anew"], stdout=subprocess.PIPE, text=True) as anew:
                self.assertIn("ready", anew.stdout.readline())
                anew.terminate()
            self.assertEqual(len(list(deployment.data.glob("audit.before-*/events-*"))), 1)
            deployment.start()
            self.assertEqual(deployment.boto3().list_things()["things"], [])

    def test_an_older_store_continues_and_the_server_names_what_was_undone(self):
        with Deployment() as deployment:
            deployment.boto3().create_thing(thingName="known")
            certificate = deployment.boto3().create_keys_and_certificate(setAsActive=True)["certificateId"]
            deployment.stop()
            older = (deployment.data / "imprint.db").read_bytes()
            deployment.start()
            deployment.boto3().update_certificate(certificateId=certificate, newStatus="REVOKED")
            deployment.stop()
            for path in deployment.data.glob("imprint.db*"):
                path.unlink()
            store = deployment.data / "imprint.db"
            store.touch(mode=0o600)
            store.write_bytes(older)
            serve = [BIN / "imprintd", deployment.data, "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"]
            refused = run(serve, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("continue from what this store holds", refused.stderr)
            self.assertIn("1 certificate was revoked", refused.stderr)
            self.assertNotIn("no device is known", refused.stderr)
            with subprocess.Popen([*serve, "--begin-anew"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as anew:
                self.assertIn("ready", anew.stdout.readline())
                anew.terminate()
                told = anew.communicate(timeout=DEADLINE)[1]
            self.assertNotIn("no device is known", told)
            self.assertIn(f"--new-status REVOKED --certificate-id {certificate}", told)
            deployment.start()
            self.assertEqual([thing["thingName"] for thing in deployment.boto3().list_things()["things"]], ["known"])
            self.assertEqual(deployment.boto3().describe_certificate(certificateId=certificate)["certificateDescription"]["status"], "ACTIVE")

    def test_the_archive_is_complete_after_a_crash_and_continues(self):
        with Deployment() as deployment:
            deployment.stop()
            config = deployment.data / "imprint.toml"
            config.write_text(config.read_text().replace("#file-size = 67108864", "file-size = 4096"))
            deployment.start()
            iot = deployment.boto3()
            for round_ in range(3):
                for i in range(20):
                    iot.create_thing(thingName=f"t-{round_}-{i}")
                deployment.stop(signal.SIGKILL)
                deployment.start()
                iot = deployment.boto3()
            head = int(self.audit("head", data=deployment.data).stdout.split(":")[0])
            deployment.wait_until(lambda: self.verify(data=deployment.data)["archive"]["last"] >= head)
            report = self.verify(data=deployment.data)
            self.assertTrue(report["intact"], report)
            self.assertGreater(report["files"], 3)
            events = archived(deployment.data)
            self.assertEqual([event["thing"] for event in events if event["step"] == "create_thing"],
                             [f"t-{round_}-{i}" for round_ in range(3) for i in range(20)])

    def test_a_backup_includes_the_archive_and_its_server_continues(self):
        self.onboard("a4")
        copy = self.stopped_copy()
        report = self.verify(data=copy)
        self.assertTrue(report["intact"], report)
        self.assertGreater(report["archive"]["events"], 0)
        self.assertLessEqual(report["archive"]["last"], report["store"]["last"])

    # ---- export ----

    def test_export_as_json_lines(self):
        self.onboard("a5")
        lines = [json.loads(line) for line in self.audit("export").stdout.splitlines()]
        self.assertEqual([event["sequence"] for event in lines], list(range(1, len(lines) + 1)))
        registered = next(event for event in lines if event["step"] == "register_thing" and event.get("serialNumber") == "a5")
        self.assertEqual((registered["thingName"], registered["outcome"]), ("device-a5", "ok"))
        self.assertIsInstance(registered["detail"], dict)
        middle = lines[len(lines) // 2]
        after = [json.loads(line) for line in self.audit("export", "--after", str(middle["sequence"])).stdout.splitlines()]
        self.assertEqual(after[0]["sequence"], middle["sequence"] + 1)
        recent = self.audit("export", "--from", iso(middle["time"])).stdout.splitlines()
        self.assertTrue(recent and all(json.loads(line)["time"] >= middle["time"] for line in recent))
        self.assertEqual(self.audit("export", "--until", "2020-01-01").stdout, "")
        out = self.deployment.scratch / "trail.jsonl"
        self.audit("export", "--out", str(out))
        self.assertEqual(stat.S_IMODE(out.stat().st_mode), 0o600)
        again = self.audit("export", "--out", str(out), check=False)
        self.assertEqual((again.returncode, "File exists" in again.stderr), (1, True))

    def test_export_after_a_future_event_fails_with_a_remedy(self):
        head = int(self.audit("head").stdout.split(":")[0])
        self.assertIn("0 events, up to event", self.audit("export", "--after", str(head)).stderr)
        for words in ([], ["--follow"]):
            refused = self.audit("export", "--after", "99999999", *words, check=False)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""), words)
            self.assertRegex(refused.stderr, r"ends with event \d+\. Was it restored from an older backup")

    def test_a_filter_that_no_event_can_match_is_refused(self):
        for words, part in ((["--outcome", "bogus"], "one of ok, rejected, denied"), (["--step", "register_thin"], "register_thing"),
                            (["--from", "2026-03-02", "--until", "2026-03-01"], "later than from")):
            refused = self.audit("list", *words, check=False)
            self.assertEqual(refused.returncode, 2, words)
            self.assertIn(part, refused.stderr, words)
        steps = {event["step"] for event in map(json.loads, self.audit("export").stdout.splitlines())}
        for step in sorted(steps):
            self.assertNotEqual(self.audit("list", "--step", step).stdout, "", step)

    def assertSyslog(self, message, event):
        found = SYSLOG.fullmatch(message)
        self.assertTrue(found, message)
        pri, _, _, step, data, text = found.groups()
        self.assertEqual((int(pri) // 8, step), (13, event["step"]))
        values = syslog_values(data)
        self.assertEqual((values["sequence"], values["hash"], values["outcome"]), (str(event["sequence"]), event["hash"], event["outcome"]))
        if event.get("detail"):
            self.assertEqual(json.loads(text), event["detail"])

    def test_export_as_syslog_to_receivers(self):
        device = self.connect_claim('odd "client]\\ é')
        device.close()
        self.onboard("a6")
        self.wait_until_archived()
        export = lambda: [json.loads(line) for line in self.audit("export").stdout.splitlines()]
        gone = lambda events: sum(event["step"] == "disconnect" for event in events) == sum(
            event["step"] == "connect" and event["outcome"] == "ok" for event in events)
        self.deployment.wait_until(lambda: gone(export()))  # nothing more is recorded
        events = export()
        self.assertTrue(any(event.get("clientId") == 'odd "client]\\ é' for event in events))
        until = ["--until", iso(events[-1]["time"])]
        events = [event for event in events if event["time"] < events[-1]["time"]]
        for message, event in zip(self.audit("export", "--format", "syslog", *until).stdout.splitlines(), events, strict=True):
            self.assertSyslog(message, event)

        with socket.create_server(("127.0.0.1", 0)) as server:
            received = []
            def accept():
                connection, _ = server.accept()
                with connection, connection.makefile("rb") as stream:
                    while size := b"".join(iter(lambda: stream.read(1).strip(), b"")):
                        received.append(stream.read(int(size)).decode())
            thread = threading.Thread(target=accept)
            thread.start()
            self.audit("export", "--format", "syslog", "--to", f"tcp://127.0.0.1:{server.getsockname()[1]}", *until)
            thread.join(DEADLINE)
        for message, event in zip(received, events, strict=True):
            self.assertSyslog(message, event)

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(DEADLINE)
            last = events[-5]["sequence"]
            self.audit("export", "--format", "syslog", "--to", f"udp://127.0.0.1:{receiver.getsockname()[1]}", "--after", str(last), *until)
            for event in events[-4:]:
                datagram = receiver.recv(65536)
                self.assertLessEqual(len(datagram), 2048)
                self.assertIn(f'sequence="{event["sequence"]}"', datagram.decode())
        unreachable = self.audit("export", "--to", "tcp://127.0.0.1:1", check=False)
        self.assertEqual((unreachable.returncode, "cannot connect to tcp://127.0.0.1:1" in unreachable.stderr), (1, True))
        self.assertEqual(self.audit("export", "--to", "http://x", check=False).returncode, 2)

    def test_export_follows(self):
        after = self.audit("head").stdout.split(":")[0]
        watch = subprocess.Popen([str(BIN / "imprint"), "audit", "export", str(self.deployment.data), "--after", after, "--follow"],
                                 stdout=subprocess.PIPE, text=True)
        try:
            self.onboard("a7")
            while json.loads(watch.stdout.readline()).get("serialNumber") != "a7":
                pass
        finally:
            watch.send_signal(signal.SIGINT)
            watch.wait(timeout=DEADLINE)
            watch.stdout.close()

    def test_export_follows_across_a_receivers_restart(self):
        after = int(self.audit("head").stdout.split(":")[0])
        numbers = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(DEADLINE)
            watch = subprocess.Popen([str(BIN / "imprint"), "audit", "export", str(self.deployment.data), "--after", str(after), "--follow",
                                      "--to", f"tcp://127.0.0.1:{server.getsockname()[1]}"], stderr=subprocess.DEVNULL)
            try:
                for serial in ("a8", "a9", "a10"):
                    self.onboard(serial)
                    connection, _ = server.accept()
                    connection.settimeout(DEADLINE)
                    with connection, connection.makefile("rb") as stream:
                        message = ""
                        while f'serialNumber="{serial}"' not in message:  # and then the receiver stops
                            size = b"".join(iter(lambda: stream.read(1).strip(), b""))
                            message = stream.read(int(size)).decode()
                            numbers.append(int(re.search(r'sequence="(\d+)"', message).group(1)))
            finally:
                watch.send_signal(signal.SIGINT)
                watch.wait(timeout=DEADLINE)
        self.assertEqual(sorted(set(numbers)), list(range(after + 1, max(numbers) + 1)), "nothing was lost between two connections")

    # ---- over the API ----

    def test_the_trail_over_the_api(self):
        self.onboard("a8")
        self.wait_until_archived()
        def call(method, path):
            return json.loads(run(["curl", "-sS", "--cacert", self.deployment.data / "root-ca.pem", "-X", method, f"{self.deployment.http}{path}",
                                   "--aws-sigv4", "aws:amz:us-east-1:iot", "--user", f"{admin['aws_access_key_id']}:{admin['aws_secret_access_key']}"]).stdout)
        credentials = configparser.ConfigParser()
        credentials.read(self.deployment.data / "admin.credentials")
        admin = credentials["default"]
        trail = call("GET", "/imprint/v1/audit-trail")
        self.assertEqual((trail["first"], trail["events"]), (1, trail["last"]))
        self.assertEqual(trail["archive"][0]["first"], 1)
        self.assertNotIn("archiveProblem", trail)
        checked = call("POST", "/imprint/v1/audit-trail/verify")
        self.assertTrue(checked["intact"], checked)
        self.assertGreaterEqual(checked["checked"], trail["events"])
        refused = call("GET", "/imprint/v1/audit-events?maxResults=250&outcome=ok&step=register_thing")["events"]
        self.assertEqual({event["step"] for event in refused}, {"register_thing"})
        listed = self.audit("list", "--step", "register_thing", "--count", "3").stdout
        self.assertIn("registered as device-", listed)


class SecretsSearch(unittest.TestCase):
    def test_a_leak_is_found(self):
        """Every deployment is searched when it is closed; here there is something to find."""
        for leak in ("log", "event"):
            deployment = Deployment()
            key = json.loads(run([BIN / "imprint", "credentials", "create", deployment.data, "--name", "x", "--role", "admin", "--output", "json"]).stdout)
            if leak == "log":
                with open(deployment.scratch / "imprintd.log", "a") as log:
                    log.write(f"oops secret={key['secretAccessKey']}\n")
            else:
                deployment.boto3().create_thing_type(thingTypeName="x", thingTypeProperties={"thingTypeDescription": key["secretAccessKey"]})
            with self.assertRaisesRegex(AssertionError, "secret access key in .* is in .*" + {"log": "imprintd.log", "event": "audit export"}[leak]) as found:
                deployment.close()
            self.assertNotIn(key["secretAccessKey"], str(found.exception))


if __name__ == "__main__":
    unittest.main()
