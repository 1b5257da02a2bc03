# SPDX-License-Identifier: Apache-2.0
"""imprintd with few system resources: a log that nobody reads, few file descriptors."""
import contextlib
import os
import re
import resource
import socket
import ssl
import subprocess
import urllib.request

from deployment import BIN, DEADLINE, run
from test_provisioning import WithServer


def fill(descriptor):
    """Writes until there is no room left, so that the next writer blocks."""
    os.set_blocking(descriptor, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(descriptor, b"x" * 512)
    os.set_blocking(descriptor, True)


class Limited(WithServer):
    def is_ready(self):
        context = ssl.create_default_context(cafile=str(self.deployment.data / "root-ca.pem"))
        with urllib.request.urlopen(self.deployment.http + "/readyz", timeout=DEADLINE, context=context) as answer:
            return answer.status == 200

    def device(self, serial):
        thing, certificate, key, _ = self.onboard(serial)
        device = self.connect_device(thing, certificate, key)
        device.topic = f"device/{thing}/t"
        return device

    def expect_served(self, device):
        device.publish(device.topic, "x")
        device._wait(device.published)


class UnreadLog(Limited):
    @classmethod
    def setUpClass(cls):
        cls.pipe = os.pipe()
        for end in cls.pipe:
            cls.addClassCleanup(os.close, end)
        fill(cls.pipe[1])
        cls.OPTIONS = {"process": {"stderr": cls.pipe[1]}}
        super().setUpClass()

    def test_devices_and_operators_are_still_served(self):
        for number in range(3):
            device = self.device(f"U{number}")
            for _ in range(50):
                self.expect_served(device)
            self.assertEqual(device.subscribe("device/another/t"), [128], "denied: a line in the log")
        self.assertTrue(self.is_ready())
        self.assertEqual(len(self.deployment.aws("iot", "list-things")["things"]), 3)
        os.set_blocking(self.pipe[0], False)
        self.assertEqual(os.read(self.pipe[0], 1), b"x", "the pipe was full throughout")


class FewDescriptors(Limited):
    MOST = 256
    OPTIONS = {"log_level": "info",
               "process": {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mqtt, cls.rest = cls.deployment.mqtt_port, int(cls.deployment.http.rsplit(":", 1)[1])

    @contextlib.contextmanager
    def flood(self, port, count):
        with contextlib.ExitStack() as crowd:
            for number in range(count):
                one = crowd.enter_context(socket.socket())
                one.bind((f"127.0.1.{number % 200 + 1}", 0))
                one.connect(("127.0.0.1", port))
            yield

    def lines(self, text):
        return self.deployment.server_log().count(text)

    def test_a_flood_leaves_enough_for_devices_and_operators(self):
        connected = self.device("F1")
        for port in (self.mqtt, self.rest):
            for number in range(2):
                with self.flood(port, 2 * self.MOST):
                    self.expect_served(connected)
                    self.device(f"F{port}-{number}")
                    self.assertEqual(len(self.deployment.aws("iot", "list-things", "--max-results", "1")["things"]), 1)
                    self.assertTrue(self.is_ready())
        self.device("F2")
        self.expect_served(connected)
        self.assertLess(len(self.deployment.server_log()), 500_000)

    def test_connected_devices_are_served_without_any_descriptor_left(self):
        connected = self.device("G1")
        pid = self.deployment.process.pid
        used = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 10, self.MOST))
        try:
            with self.flood(self.mqtt, 40), self.flood(self.rest, 40):
                self.deployment.wait_for_log("cannot accept")
                for _ in range(100):
                    self.expect_served(connected)
                # It retries continually; the log counts the attempts.
                self.deployment.wait_until(lambda: re.search("cannot accept.* more_like_this=", self.deployment.server_log()))
                self.assertLess(self.lines("cannot accept"), 100)
            self.device("G2")
            self.assertTrue(self.deployment.aws("iot", "list-things")["things"])
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (self.MOST, self.MOST))
        self.assertTrue(self.is_ready())

    def test_log_lines_about_strangers_are_limited_per_address(self):
        key = self.deployment.scratch / "stranger.key"
        run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key])
        for number in range(60):
            certificate = self.deployment.scratch / "stranger.pem"
            run(["openssl", "req", "-x509", "-key", key, "-subj", f"/CN=made at will {number}", "-out", certificate])
            context = ssl.create_default_context(cafile=str(self.claim / "root-ca.pem"))
            context.load_cert_chain(certificate, key)
            with socket.create_connection(("127.0.0.1", self.mqtt), timeout=DEADLINE) as raw:
                with self.assertRaises(OSError), context.wrap_socket(raw, server_hostname="localhost") as shaken:
                    shaken.recv(1)
        told = self.lines("refused a client certificate that the registry does not know")
        self.assertTrue(20 <= told < 50, f"{told} lines for 60 certificates")

    def test_the_doctor_reports_the_servers_limit_and_not_its_own(self):
        for own in (4_096, self.MOST // 2):
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            done = subprocess.run([BIN / "imprint", "doctor", self.deployment.data], capture_output=True, text=True, timeout=DEADLINE,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (min(own, hard), min(own, hard))))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"warn +open files +the running server may open 256;")
            self.assertIn("restart imprintd with LimitNOFILE", done.stdout)

    def test_the_doctor_reports_the_limit_of_a_new_server_if_none_runs(self):
        idle = self.deployment.scratch / "idle"
        run([BIN / "imprint", "init", idle])
        done = run(["sh", "-c", f"ulimit -n 300; exec {BIN}/imprint doctor {idle}"], check=False)
        self.assertRegex(done.stdout, r"warn +open files +a server started from here may open 300;")
        self.assertTrue(re.search("start imprintd with LimitNOFILE", done.stdout), done.stdout)
