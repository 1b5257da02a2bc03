# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes a working server, and its answers agree with the registry; the rules and the Grafana dashboard are checked against both."""
import datetime
import json
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from deployment import BIN, DEADLINE, ROOT, run
from test_provisioning import WithServer

PACKAGING = ROOT / "packaging"
TEMPLATE = "FleetProvisioningTemplate"


class Prometheus:
    """Debian's Prometheus in a scratch directory, scraping one deployment every second with the example's rules."""

    def __init__(self, deployment):
        self.scratch = deployment.scratch / "prometheus"
        self.scratch.mkdir()
        shutil.copy(PACKAGING / "prometheus/imprint.rules.yml", self.scratch)
        example = (PACKAGING / "prometheus/prometheus.yml").read_text()
        config = (example.replace("15s", "1s").replace("root-ca.pem", str(deployment.data / "root-ca.pem"))
                  .replace("localhost:8443", deployment.http.removeprefix("https://")))
        (self.scratch / "prometheus.yml").write_text(config)
        self.log = open(self.scratch / "log", "w")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={self.scratch}/prometheus.yml", f"--storage.tsdb.path={self.scratch}/data",
             "--web.listen-address=127.0.0.1:0"], stderr=self.log)
        self.url = None

    def address(self):
        found = re.search(r'msg="Listening on" address=(127\.0\.0\.1:\d+)', (self.scratch / "log").read_text())
        return f"http://{found.group(1)}" if found else None

    def is_ready(self):
        """Prometheus listens before it can answer."""
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=DEADLINE):
                return True
        except urllib.error.HTTPError:
            return False

    def get(self, path, **query):
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """The samples as {labels: value}."""
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in self.get("/api/v1/query", query=expression)["result"]}

    def value(self, expression):
        return next(iter(self.query(expression).values()), 0.0)

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=DEADLINE)
        self.log.close()


class Scraped(WithServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prometheus = Prometheus(cls.deployment)
        cls.addClassCleanup(cls.prometheus.close)
        cls.deployment.wait_until(cls.prometheus.address)
        cls.prometheus.url = cls.prometheus.address()
        cls.deployment.wait_until(cls.prometheus.is_ready)
        cls.deployment.wait_until(lambda: cls.prometheus.value('up{job="imprint"}') == 1)
        run([BIN / "imprint", "template", "set", cls.deployment.data, TEMPLATE, "parameter.SerialNumber.pattern=A.*"])

    def fleet(self, devices, prefix):
        done = run([BIN / "imprint", "fleet", self.deployment.data, "--template", TEMPLATE, "--claim", self.claim, "--devices", devices,
                    "--serial-prefix", prefix, "--concurrency", 8, "--no-reconnect", "--output", "json"], check=False)
        return json.loads(done.stdout)

    def wait_for(self, expression, expected):
        self.deployment.wait_until(lambda: self.prometheus.value(expression) == expected)

    def wait_for_evaluation(self):
        """Waits for a rule evaluation that began after this call and therefore sees what was scraped before it."""
        now = time.time()
        evaluated = lambda: min(datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", group["lastEvaluation"].replace("Z", "+00:00"))).timestamp()
                                for group in self.prometheus.get("/api/v1/rules")["groups"])
        self.deployment.wait_until(lambda: evaluated() > now)

    def firing(self):
        return {alert["labels"]["alertname"] for alert in self.prometheus.get("/api/v1/alerts")["alerts"] if alert["state"] == "firing"}

    def test_queries_agree_with_the_registry_and_a_failing_factory_raises_the_alert(self):
        self.assertEqual(self.fleet(2, "A0-")["succeeded"], 2)
        self.assertEqual(self.fleet(1, "B0-")["failed"], 1)
        self.wait_for('sum(imprint_provisioning_failure_total)', 1)
        self.wait_for_evaluation()
        self.assertNotIn("ImprintFailureRatio", self.firing(), "one refusal of three raises no alarm")

        self.assertEqual(self.fleet(7, "B-")["failed"], 7)
        self.assertEqual(self.fleet(93, "A-")["succeeded"], 93)
        onboarded = 'sum(imprint_provisioning_success_total{method="register"})'
        self.wait_for(onboarded, 95)
        things = len(self.deployment.boto3().list_things(maxResults=250)["things"])
        self.assertEqual(things, 95)
        self.wait_for('imprint_certificates{status="ACTIVE"}', 95 + 1)  # and the claim
        self.assertEqual(self.prometheus.value('sum(imprint_claim_uses_total)'), 95)
        self.assertEqual(self.prometheus.value('sum(imprint_certificates_issued_total{profile="device"})'), 103)
        self.assertEqual(self.prometheus.query('sum by (category) (imprint_provisioning_failure_total)'), {(("category", "not-admitted"),): 8.0})
        self.assertEqual(self.prometheus.value('imprint_provisioning_seconds_count{method="register"}'), 103)
        self.wait_for('imprint_build_info{version!=""}', 1)
        self.deployment.wait_until(lambda: "ImprintFailureRatio" in self.firing())

    def test_every_expression_of_the_grafana_dashboard_is_valid(self):
        dashboard = json.loads((PACKAGING / "grafana/imprint.json").read_text())
        self.assertGreater(len(dashboard["panels"]), 10)
        rules = set(re.findall(r"^\s*- record: (\S+)", (PACKAGING / "prometheus/imprint.rules.yml").read_text(), re.M))
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                self.prometheus.get("/api/v1/query", query=target["expr"].replace("$__range", "1h"))
                self.assertLessEqual(set(re.findall(r"\bimprint:[\w:]+", target["expr"])), rules, panel["title"])

    def test_every_metric_that_rules_and_dashboard_name_exists(self):
        documented = set(re.findall(r"^\| `((?:imprint|process)_\w+)(?:\{[\w,]*\})?` \|", (ROOT / "docs/monitoring.md").read_text(), re.M))
        text = (PACKAGING / "prometheus/imprint.rules.yml").read_text() + (PACKAGING / "grafana/imprint.json").read_text()
        named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\b(?:imprint|process)_\w+", text)}
        self.assertEqual(named - documented, set())
        declared = set(re.findall(r'"((?:imprint|process)_\w+)"', (ROOT / "src/telemetry/metrics.cc").read_text()))
        self.assertEqual(documented, declared, "docs/monitoring.md lists the declared metrics")
        with urllib.request.urlopen(self.deployment.http + "/metrics", timeout=DEADLINE, context=self.trust()) as answer:
            scraped = answer.read().decode()
        self.assertLessEqual(set(re.findall(r"^# HELP (\S+)", scraped, re.M)), declared)
        checked = subprocess.run(["promtool", "check", "metrics"], input=scraped, capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def trust(self):
        return ssl.create_default_context(cafile=str(self.deployment.data / "root-ca.pem"))


class Rules(unittest.TestCase):
    def test_rules_and_example_are_valid_and_pass_their_tests(self):
        folder = PACKAGING / "prometheus"
        run(["promtool", "check", "rules", folder / "imprint.rules.yml"])
        run(["promtool", "test", "rules", folder / "imprint.rules.test.yml"])
        with tempfile.TemporaryDirectory() as scratch:
            for name in ("imprint.rules.yml", "prometheus.yml"):
                shutil.copy(folder / name, scratch)
            pathlib.Path(scratch, "root-ca.pem").touch()
            run(["promtool", "check", "config", f"{scratch}/prometheus.yml"])

    def test_categories_of_failure_are_those_of_the_docs(self):
        source = (ROOT / "src/outcome/failure_category.cc").read_text()
        names = re.findall(r'\{\w+, "([a-z-]+)",', source)
        self.assertEqual(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/monitoring.md").read_text(), re.M), names)
        self.assertEqual(len(names), 22)


if __name__ == "__main__":
    unittest.main()
