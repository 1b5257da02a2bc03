# SPDX-License-Identifier: Apache-2.0
"""A real imprintd in a scratch directory, and ways to reach it, for the contract tests."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import secrets_search

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("IMPRINT_BIN", ROOT / "build/bin"))
TEMPLATE = ROOT / "test/golden/templates/mission-fleet-provisioning-template.json"
POLICY = ROOT / "examples/device-policy.json"
ROLE = "arn:aws:iam::000000000000:role/provisioning"
DEADLINE = 60  # seconds for any one step


def run(command, **options):
    """Runs a command to completion; on failure raises with its output, unless check=False."""
    check, timeout = options.pop("check", True), options.pop("timeout", DEADLINE)
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout, **options)
    secrets_search.harvest(done.stdout, f"what {command[0]} printed")
    if check and done.returncode != 0:
        raise AssertionError(f"{command} exited with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def debian_aws():
    """Debian's AWS CLI, even if another one comes first in PATH."""
    return "/usr/bin/aws" if os.path.exists("/usr/bin/aws") else shutil.which("aws")


class Deployment:
    """imprint init, imprintd, and the environment of AWS clients; a context manager."""

    def __init__(self, *init_options, config="", log_level="debug", process=None):
        """`process`: options of subprocess.Popen for imprintd."""
        self.log_level, self.process_options = log_level, process or {}
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="imprint-contract-"))
        self.data = self.scratch / "deployment"
        run([BIN / "imprint", "init", self.data, *init_options])
        if config:
            with open(self.data / "imprint.toml", "a") as file:
                file.write(config)
        self.process = None
        self.start()

    def start(self):
        self.is_serving = False
        self.log = open(self.scratch / "imprintd.log", "a")
        self.process = subprocess.Popen(
            [str(BIN / "imprintd"), str(self.data), "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--log-level", self.log_level],
            **{"stdout": subprocess.PIPE, "stderr": self.log, "text": True, **self.process_options})
        line = self.process.stdout.readline()
        found = re.fullmatch(r"imprintd ready mqtt=127\.0\.0\.1:(\d+) http=(https://127\.0\.0\.1:\d+) pid=(\d+)\n", line)
        if not found:
            raise AssertionError(f"imprintd printed {line!r}\n{self.server_log()}")
        self.mqtt_port, self.http = int(found.group(1)), found.group(2)
        self.is_serving = True

    def stop(self, how=signal.SIGTERM):
        self.is_serving = False
        self.process.send_signal(how)
        code = self.process.wait(timeout=DEADLINE)
        self.process.stdout.close()
        self.log.close()
        return code

    def close(self):
        try:
            self.expect_no_secrets()
        finally:
            if self.process.poll() is None:
                self.stop()
            shutil.rmtree(self.scratch, ignore_errors=True)

    def expect_no_secrets(self):
        """Stops the server, then searches everything it wrote and every form in which its audit trail is published."""
        written = []
        if self.is_serving and self.process.poll() is None:
            written.append(("/metrics", secrets_search.metrics_of(self.http, self.data)))
            self.stop()
        for form in ("jsonl", "syslog"):
            exported = run([BIN / "imprint", "audit", "export", self.data, "--format", form], check=False).stdout
            written.append((f"audit export --format {form}", exported.encode()))
        secret_files = secrets_search.harvest_files(self.data)
        problems = secrets_search.search([*written, *secrets_search.written_files(self.scratch, self.data, secret_files)])
        assert not problems, "secrets were written where they do not belong:\n" + "\n".join(problems)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def server_log(self):
        return (self.scratch / "imprintd.log").read_text()

    def wait_for_log(self, text):
        for _ in range(DEADLINE * 20):
            if text in self.server_log():
                return
            time.sleep(0.05)
        raise AssertionError(f"{text!r} did not appear in the log:\n{self.server_log()[-4000:]}")

    @staticmethod
    def wait_until(is_so):
        for _ in range(DEADLINE * 20):
            if is_so():
                return
            time.sleep(0.05)
        raise AssertionError("the expected condition was not reached in time")

    # ---- clients ----

    def environment(self):
        out = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        out.update(json.loads(run([BIN / "imprint", "env", self.data, "--output", "json"]).stdout))
        return out

    def aws(self, *words, check=True):
        """The AWS CLI; the answer parsed, or the finished process with check=False."""
        done = run([debian_aws(), "--endpoint-url", self.http, "--output", "json", *words], env=self.environment(), check=check)
        if not check:
            return done
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def boto3(self, service="iot", **options):
        import boto3
        import configparser
        credentials = configparser.ConfigParser()
        credentials.read(self.data / "admin.credentials")
        session = boto3.session.Session(region_name="us-east-1",
                                        **{name: credentials["default"][name] for name in ("aws_access_key_id", "aws_secret_access_key")})
        client = session.client(service, endpoint_url=self.http, verify=str(self.data / "root-ca.pem"), **options)
        client.meta.events.register("after-call.*", lambda parsed, **_: secrets_search.harvest(json.dumps(parsed, default=str), "an answer of the API"))
        return client

    def set_up_mission(self, template="FleetProvisioningTemplate"):
        """Creates what the setup guide presupposes, with the plain AWS CLI."""
        self.aws("iot", "create-thing-type", "--thing-type-name", "SmartSensor")
        self.aws("iot", "create-thing-group", "--thing-group-name", "unprovisioned-devices")
        self.aws("iot", "create-policy", "--policy-name", "FleetDevicePolicy", "--policy-document", f"file://{POLICY}")
        self.aws("iot", "create-provisioning-template", "--template-name", template, "--enabled",
                 "--provisioning-role-arn", ROLE, "--template-body", f"file://{TEMPLATE}")

    def make_claim(self, name="claim", template="FleetProvisioningTemplate", *options):
        folder = self.scratch / name
        run([BIN / "imprint", "claim", "create", self.data, "--template", template, "--out", folder, *options])
        return folder
