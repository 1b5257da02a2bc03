# SPDX-License-Identifier: Apache-2.0
"""A manufacturing list of 1,000 units decides which devices are admitted, while the server serves."""
import json
import unittest

from deployment import BIN, run
from test_provisioning import CREATE_CSR, PROVISION, WithServer, make_csr

TEMPLATE = "FleetProvisioningTemplate"


class Gatekeeper(WithServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.units = cls.deployment.scratch / "units.csv"
        rows = [f'SN-{number:04},"{cls.version_of(number)}",eu' for number in range(1000)]
        cls.units.write_text("serial,firmware,region\r\n" + "\r\n".join(rows) + "\r\n")
        cls.imprint("list", "create", "line-a")
        cls.imported = json.loads(cls.imprint("list", "import", "line-a", cls.units, "--output", "json").stdout)
        cls.imprint("template", "set", TEMPLATE, "allowlist=line-a", "override.FirmwareVersion=column:firmware")

    @staticmethod
    def version_of(number):
        return f"2.{number}"

    @classmethod
    def imprint(cls, noun, verb, *words, check=True):
        return run([BIN / "imprint", noun, verb, cls.deployment.data, *words], check=check)

    def register(self, serial):
        device = self.connect_claim(f"factory-{serial}")
        try:
            ok, created = device.request(CREATE_CSR, {"certificateSigningRequest": make_csr(self.deployment.scratch, serial)[1]})
            self.assertTrue(ok, created)
            return device.request(PROVISION, {"certificateOwnershipToken": created["certificateOwnershipToken"],
                                              "parameters": {"SerialNumber": serial, "FirmwareVersion": "1.0.0"}})
        finally:
            device.close()

    def told(self, serial, wanted):
        """The story, once it contains the expected text."""
        story = {}

        def is_told():
            story.update(json.loads(run([BIN / "imprint", "explain", self.deployment.data, "--serial", serial, "--output", "json"]).stdout))
            return any(wanted in event["sentence"] for event in story["events"])
        self.deployment.wait_until(is_told)
        return story

    def test_exactly_the_listed_units_are_admitted(self):
        self.assertEqual(self.imported, {"rows": 1000, "added": 1000, "changed": 0, "unchanged": 0, "wrong": 0})
        listed = [f"SN-{number:04}" for number in (0, 1, 10, 100, 500, 998, 999)]
        strangers = ["SN-1000", "sn-0000", "SN-0000 "]
        answers = {serial: self.register(serial) for serial in listed + strangers}
        self.assertEqual([serial for serial, (ok, _) in answers.items() if ok], listed)
        for serial in strangers:
            refused = answers[serial][1]
            self.assertEqual((refused["statusCode"], refused["errorCode"]), (403, "AccessDenied"), refused)
            self.assertNotIn("line-a", refused["errorMessage"])
        attributes = self.deployment.aws("iot", "describe-thing", "--thing-name", "device-SN-0500")["attributes"]
        self.assertEqual(attributes["firmwareVersion"], self.version_of(500))

    def test_explain_names_the_rule(self):
        self.register("SN-2000")
        story = self.told("SN-2000", "AccessDenied")
        self.assertTrue(any('manufacturing list line-a has no serial "SN-2000"' in event["sentence"] for event in story["events"]), story)
        self.assertIn("imprint list set", story["next"])

    def test_a_change_applies_to_the_next_device(self):
        self.assertFalse(self.register("SN-3000")[0])
        self.imprint("list", "set", "line-a", "SN-3000", "firmware=7")
        ok, registered = self.register("SN-3000")
        self.assertTrue(ok, registered)
        self.imprint("list", "set", "line-a", "SN-0700", "state=blocked")
        self.assertFalse(self.register("SN-0700")[0])
        self.imprint("list", "remove", "line-a", "SN-0701")
        self.assertFalse(self.register("SN-0701")[0])
        self.assertEqual(self.imprint("list", "lookup", "line-a", "SN-0701", check=False).returncode, 1)
        self.assertIn("blocked", self.imprint("list", "lookup", "line-a", "SN-0700").stdout)

    def test_a_pattern_can_be_required(self):
        try:
            self.imprint("template", "set", TEMPLATE, r"parameter.SerialNumber.pattern=SN-[0-9]{4}")
            ok, refused = self.register("SN-00050")
            self.assertFalse(ok)
            self.assertIn("form", refused["errorMessage"])
            self.assertNotIn("[0-9]", refused["errorMessage"])
            self.imprint("template", "set", TEMPLATE, "parameter.FirmwareVersion.check-digit=luhn")
            refused = json.loads(run([BIN / "imprint", "template", "try", self.deployment.data, TEMPLATE, "--output", "json", "--parameter",
                                      "SerialNumber=SN-0005", "--parameter", "FirmwareVersion=18"], check=False).stdout)
            self.assertEqual(refused["allowed"], True, refused)
            ok, refused = self.register("SN-0005")  # sends 1.0.0
            self.assertFalse(ok)
            self.assertIn("check digit", refused["errorMessage"])
        finally:
            self.imprint("template", "set", TEMPLATE, "parameter.SerialNumber.pattern=", "parameter.FirmwareVersion.check-digit=")

    def test_the_tool_shows_the_source_of_a_setting(self):
        shown = self.imprint("template", "show", TEMPLATE).stdout
        self.assertIn("allowlist = line-a  (template)", shown)
        self.assertIn("reprovision = same-key  (imprint.toml)", shown)
        self.assertIn("Versions: 1 (default)", shown)
        wrong = self.imprint("template", "set", TEMPLATE, "reprovision=sometimes", check=False)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn('"reprovision" = "sometimes": must be one of same-key', wrong.stderr)

    def test_a_file_with_mistakes_is_reported_by_line_and_not_imported(self):
        file = self.deployment.scratch / "wrong.csv"
        file.write_bytes(b'serial,region\nX-1,eu\nX-2,\xff\nX-3\n"X-4"4,eu\n' + b"X" * 300 + b",eu\nX-6,\"a\nb\"\n'; DROP TABLE list_entries; --,eu\n")
        refused = self.imprint("list", "import", "line-a", file, check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        for part in ("wrong.csv:3: region:", "wrong.csv:4: 1 fields", "wrong.csv:5: text follows", "wrong.csv:6: serial:", "wrong.csv:7: region:",
                     "5 of 7 rows are wrong and nothing was imported"):
            self.assertIn(part, refused.stderr)
        self.assertEqual(self.imprint("list", "lookup", "line-a", "X-1", check=False).returncode, 1)
        partly = self.imprint("list", "import", "line-a", file, "--keep-going", "--output", "json", check=False)
        self.assertEqual((partly.returncode, json.loads(partly.stdout)["added"]), (1, 2), partly.stderr)
        self.assertEqual(self.imprint("list", "lookup", "line-a", "'; DROP TABLE list_entries; --").returncode, 0)

    def test_damage_by_spreadsheets_is_read_or_refused_by_line(self):
        def imported(name, content, *words):
            file = self.deployment.scratch / name
            file.write_bytes(content)
            return self.imprint("list", "import", "line-a", file, *words, check=False)
        refused = imported("spoilt.csv", b"serial,region\nQ-1,eu\n1.23E+11,eu\nQ-2 ,eu\nQ-1,us\nQ-1,eu\n")
        self.assertEqual(refused.returncode, 2)
        for part in ("spoilt.csv:3: serial: \"1.23E+11\" is how a spreadsheet shows", "spoilt.csv:4: serial: \"Q-2 \" begins or ends with a space",
                     'spoilt.csv:5: serial: "Q-1" is already in line 2 with other columns', "3 of 5 rows are wrong and nothing was imported"):
            self.assertIn(part, refused.stderr)
        self.assertEqual(imported("semicolons.csv", b"serial;region\r\nQ-3;eu\r\n").returncode, 0)
        self.assertEqual(imported("tabs.tsv", b"serial\tregion\nQ-4\teu\n").returncode, 0)
        self.assertIn("eu", self.imprint("list", "lookup", "line-a", "Q-4").stdout)
        self.assertIn("UTF-16", imported("unicode.csv", "serial,region\nQ-5,eu\n".encode("utf-16")).stderr)
        for serial in ("Q-3", "Q-4"):
            self.imprint("list", "remove", "line-a", serial)

    def test_the_same_units_as_ndjson_change_nothing(self):
        file = self.deployment.scratch / "units.ndjson"
        file.write_text("".join(json.dumps({"serial": f"SN-{number:04}", "firmware": self.version_of(number), "region": "eu"}) + "\n"
                                for number in range(100, 300)))
        done = json.loads(self.imprint("list", "import", "line-a", file, "--output", "json").stdout)
        self.assertEqual((done["added"], done["changed"], done["unchanged"]), (0, 0, 200))

    def test_a_list_in_use_cannot_be_deleted(self):
        refused = self.imprint("list", "delete", "line-a", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn(TEMPLATE, refused.stderr)
        self.imprint("list", "create", "line-b")
        self.imprint("list", "delete", "line-b")
        self.assertNotIn("line-b", self.imprint("list", "show").stdout)


if __name__ == "__main__":
    unittest.main()
