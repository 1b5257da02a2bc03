# SPDX-License-Identifier: Apache-2.0
"""imprintd and imprint doctor where a deployment cannot work: both say what is wrong, where, and what to do."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from deployment import BIN, Deployment, run


class SmallDisk:
    """A file system of a few MiB; skips the test if it may not be mounted."""

    def __init__(self, test, mebibytes=24):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="imprint-small-disk-"))
        test.addCleanup(shutil.rmtree, self.path, ignore_errors=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=700", "tmpfs", str(self.path)],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            raise unittest.SkipTest(f"a file system of its own cannot be mounted here: {mounted.stderr.strip()}")
        test.addCleanup(subprocess.run, ["umount", "-l", str(self.path)], check=False)

    def fill(self):
        """Fills the disk to the last page, so that not even a short file can grow."""
        descriptor = os.open(self.path / "fill", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        os.write(descriptor, bytes(size))
                except OSError:
                    pass
        finally:
            os.close(descriptor)

    def make_room(self):
        (self.path / "fill").unlink()

    def read_only(self, yes=True):
        subprocess.run(["mount", "-o", "remount," + ("ro" if yes else "rw"), str(self.path)], check=True)


def start(data):
    """Runs imprintd where it must not start; returns its exit code and output."""
    return run([BIN / "imprintd", data, "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"], check=False)


def doctor(data):
    """Returns the exit code and the checks by name."""
    done = run([BIN / "imprint", "doctor", data, "--output", "json"], check=False)
    return done.returncode, {check["name"]: check for check in json.loads(done.stdout)["checks"]}


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.disk = SmallDisk(self)
        self.data = self.disk.path / "deployment"

    def expect_refusal(self, done, code, path, remedy="make room"):
        self.assertEqual(done.returncode, code, done.stderr)
        for part in (str(path), "full" if "full" in done.stderr else "No space left on device", remedy):
            self.assertIn(part, done.stderr)

    def test_a_first_start(self):
        run([BIN / "imprint", "init", self.data])
        self.disk.fill()
        self.expect_refusal(start(self.data), 1, self.data)
        self.disk.make_room()
        self.serve_once()

    def test_a_later_start_and_the_doctor(self):
        run([BIN / "imprint", "init", self.data])
        self.serve_once()
        self.disk.fill()
        self.expect_refusal(start(self.data), 1, self.data / "imprint.db")
        code, checks = doctor(self.data)
        self.assertEqual(code, 1)
        self.assertEqual(checks["disk"]["health"], "fail")
        self.assertIn(str(self.data), checks["disk"]["found"])
        self.assertIn("make room", checks["disk"]["remedy"])
        for name in ("store", "audit trail"):
            self.assertNotIn("damaged", checks[name]["found"])
            self.assertNotIn("backup", checks[name].get("remedy", ""), "nothing is lost")
        self.disk.make_room()
        self.serve_once()
        self.assertEqual(doctor(self.data)[1]["store"]["health"], "ok")

    def test_init_and_backup(self):
        run([BIN / "imprint", "init", self.data])
        self.serve_once()
        self.disk.fill()
        self.expect_refusal(run([BIN / "imprint", "init", self.disk.path / "other"], check=False), 1, self.disk.path)
        self.expect_refusal(run([BIN / "imprint", "backup", self.data, self.disk.path / "b"], check=False), 1, self.disk.path)
        self.assertEqual(sorted(path.name for path in self.disk.path.iterdir()), ["deployment", "fill"], "nothing incomplete")

    def serve_once(self):
        command = [BIN / "imprintd", self.data, "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            self.assertIn("ready", server.stdout.readline())
            server.terminate()
        self.assertEqual(server.returncode, 0)


class ReadOnlyDisk(unittest.TestCase):
    def test_start_doctor_and_init(self):
        disk = SmallDisk(self)
        data = disk.path / "deployment"
        run([BIN / "imprint", "init", data])
        disk.read_only()
        refused = start(data)
        self.assertEqual(refused.returncode, 1)
        for part in (str(data), "Read-only file system", "mount it for writing"):
            self.assertIn(part, refused.stderr)
        code, checks = doctor(data)
        self.assertEqual(code, 1)
        self.assertEqual(checks["directory"]["health"], "fail")
        self.assertIn("mounted read-only", checks["directory"]["found"])
        self.assertIn("mount it for writing", checks["directory"]["remedy"])
        refused = run([BIN / "imprint", "init", disk.path / "other"], check=False)
        self.assertEqual(refused.returncode, 1)
        for part in (str(disk.path), "Read-only file system", "mount it for writing"):
            self.assertIn(part, refused.stderr)
        disk.read_only(False)


class Copy(unittest.TestCase):
    def test_a_copy_of_a_running_deployment_is_not_served(self):
        with Deployment() as original:
            code, checks = doctor(original.data)
            self.assertEqual(checks["server"]["health"], "ok", checks)
            copy = original.scratch / "copy"
            shutil.copytree(original.data, copy)
            self.assertTrue((copy / "imprintd.json").exists())
            config = copy / "imprint.toml"
            config.write_text(re.sub(r"(?m)^#? ?mqtt = .*$", f'mqtt = "127.0.0.1:{original.mqtt_port}"', config.read_text(), count=1))
            code, checks = doctor(copy)
            self.assertEqual(code, 0, checks)
            for name in ("server", "MQTT port"):
                self.assertEqual(checks[name]["health"], "warn", checks[name])
                self.assertIn(str(copy / "imprint.db.lock"), checks[name]["found"])
                self.assertTrue(checks[name]["remedy"])
            self.assertNotIn("readiness", checks, "that is the other server's")
            refused = run([BIN / "imprintd", copy, "--http", "127.0.0.1:0"], check=False)
            self.assertEqual(refused.returncode, 1)
            for part in (f"127.0.0.1:{original.mqtt_port}", "another process", "choose another port"):
                self.assertIn(part, refused.stderr)
            second = start(original.data)
            self.assertEqual(second.returncode, 1)
            self.assertIn(str(original.data / "imprint.db.lock"), second.stderr)
            self.assertEqual(doctor(original.data)[1]["server"]["health"], "ok", "the refusal left its imprintd.json alone")


if __name__ == "__main__":
    unittest.main()
