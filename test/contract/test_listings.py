# SPDX-License-Identifier: Apache-2.0
"""Every listing of the tool, beyond its first page and with every option: the signed request must equal the sent one."""
import datetime
import json
import unittest

from deployment import BIN, Deployment, run

MANY = 110  # more than a page of a hundred


class Listings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment()
        cls.addClassCleanup(cls.deployment.close)

    def tool(self, *words, check=True):
        return run([BIN / "imprint", *words], check=check)

    def listed(self, *words):
        return json.loads(self.tool(*words, "--output", "json").stdout)

    def test_audit_events_with_every_option_and_two_pages(self):
        iot = self.deployment.boto3()
        for n in range(260):
            iot.create_thing(thingName=f"paged:{n}")
        with self.assertRaises(iot.exceptions.ResourceNotFoundException):
            iot.describe_thing(thingName="nobody")
        data = self.deployment.data
        now = datetime.datetime.now(datetime.timezone.utc)
        earlier, later = ((now + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ") for hours in (-1, 1))
        everything = ["--step", "create_thing", "--outcome", "ok", "--from", earlier, "--until", later]
        for options in (["--step", "create_thing"], ["--outcome", "ok"], ["--from", earlier], ["--until", later], everything):
            lines = self.tool("audit", "list", data, "--count", "255", "--output", "json", *options).stdout.splitlines()
            events = [json.loads(line) for line in lines]
            self.assertEqual(len(events), 255, options)
            self.assertEqual(len({event["sequence"] for event in events}), 255, options)
        self.assertEqual(self.tool("audit", "list", data, "--from", later).stdout, "")
        self.assertEqual(self.tool("audit", "list", data, "--until", earlier).stdout, "")
        trail = self.tool("audit", "list", data, "--count", "1000").stdout
        self.assertNotIn("signature", trail, "one of the tool's own listings was refused and recorded")

    def test_lists_credentials_and_claims_of_more_than_one_page(self):
        data = self.deployment.data
        for n in range(MANY):
            self.tool("list", "create", data, f"list-{n}")
            self.tool("credentials", "create", data, "--name", f"key-{n}", "--role", "read-only", "--out", self.deployment.scratch / f"key-{n}")
        self.assertEqual(len({one["listName"] for one in self.listed("list", "show", data)["lists"]}), MANY)
        self.assertIn("list-109", self.tool("list", "show", data).stdout)
        names = {one["name"] for one in self.listed("credentials", "list", data)["credentials"]}
        self.assertLessEqual({f"key-{n}" for n in range(MANY)}, names)
        self.deployment.set_up_mission()
        for n in range(MANY):
            self.tool("claim", "create", data, "--template", "FleetProvisioningTemplate", "--out", self.deployment.scratch / f"claim-{n}")
        self.assertEqual(len({one["certificateId"] for one in self.listed("claim", "list", data)["claims"]}), MANY)

    def test_cas_of_more_than_one_page(self):
        data = self.deployment.data
        for n in range(30):
            file = self.deployment.scratch / f"ca-{n}.pem"
            run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file.with_suffix(".key"),
                 "-out", file, "-subj", f"/CN=Our CA {n}", "-days", "30"])
            self.tool("ca", "register", data, file, "--sni-only")
        self.assertEqual(len(self.tool("ca", "list", data).stdout.split("Our CA ")), 31)

    def test_names_that_need_encoding(self):
        """A colon is legal in names and encoded in paths."""
        data = self.deployment.data
        self.deployment.boto3().create_thing(thingName="unit:1_a-b")
        self.tool("reprovision", "allow", data, "unit:1_a-b")
        self.tool("list", "create", data, "batch_7")
        self.tool("list", "set", data, "batch_7", "A+1/ü &=?", "colour=blue green")
        self.assertEqual(self.listed("list", "lookup", data, "batch_7", "A+1/ü &=?")["colour"], "blue green")
        self.tool("list", "remove", data, "batch_7", "A+1/ü &=?")
        for name in ("--serial", "--client", "--thing"):
            self.assertIn("events", self.listed("explain", data, name, "A+1/ü &=?*~ 'x'"))


if __name__ == "__main__":
    unittest.main()
