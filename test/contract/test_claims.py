# SPDX-License-Identifier: Apache-2.0
"""Claims with budgets: use within the budget succeeds, use beyond it freezes the claim, and everybody can see why."""
import json
import re
import ssl
import unittest
import urllib.request

from deployment import BIN, run
from provisioning_client import Device, Refused
from test_provisioning import CREATE_CSR, PROVISION, WithServer, make_csr

TEMPLATE = "FleetProvisioningTemplate"
CLAIM_POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
    {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": [
        "arn:aws:iot:*:*:topic/$aws/certificates/create*", f"arn:aws:iot:*:*:topic/$aws/provisioning-templates/{TEMPLATE}/provision/*"]},
    {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": [
        "arn:aws:iot:*:*:topicfilter/$aws/certificates/create*", f"arn:aws:iot:*:*:topicfilter/$aws/provisioning-templates/{TEMPLATE}/provision/*"]}]}


class WithClaims(WithServer):
    CONFIG = ""

    def imprint(self, *words):
        return json.loads(run([BIN / "imprint", *words, "--output", "json"]).stdout)

    def claim_verb(self, verb, claim_id, *words):
        return self.imprint("claim", verb, self.deployment.data, claim_id, *words)

    def make(self, name, *options):
        """Makes a claim for one test; returns its folder and id."""
        folder = self.deployment.scratch / name
        made = self.imprint("claim", "create", self.deployment.data, "--template", TEMPLATE, "--out", folder, *options)
        return folder, made["certificateId"]

    def fleet(self, claim, devices, first=1, prefix="A-"):
        done = run([BIN / "imprint", "fleet", self.deployment.data, "--template", TEMPLATE, "--claim", claim, "--devices", devices,
                    "--first-serial", first, "--serial-prefix", prefix, "--concurrency", 16, "--no-reconnect", "--output", "json"], check=False)
        return json.loads(done.stdout)

    def device(self, claim, client_id, source=""):
        device = Device(self.deployment.mqtt_port, claim / "claim.pem", claim / "claim.key", claim / "root-ca.pem", client_id, source=source)
        self.addCleanup(device.close)
        return device.connect()

    def register(self, claim, serial, source=""):
        """Provisions as far as possible; returns the last answer, or None if the claim is refused at CONNECT."""
        try:
            device = self.device(claim, serial, source)
        except Refused:
            return False, None
        try:
            ok, created = device.request(CREATE_CSR, {"certificateSigningRequest": make_csr(self.deployment.scratch, serial)[1]})
            if not ok:
                return ok, created
            return device.request(PROVISION, {"certificateOwnershipToken": created["certificateOwnershipToken"],
                                              "parameters": {"SerialNumber": serial, "FirmwareVersion": "1.0.0"}})
        finally:
            device.close()

    def assertFrozen(self, claim_id, because):
        """The claim is frozen shortly after the answer that says so."""
        self.deployment.wait_until(lambda: "frozen" in self.claim_verb("show", claim_id))
        shown = self.claim_verb("show", claim_id)
        self.assertEqual(shown["status"], "INACTIVE")
        self.assertIn(because, shown["frozen"]["because"])
        return shown

    def assertDenied(self, answer, because):
        ok, rejected = answer
        self.assertFalse(ok)
        self.assertEqual((rejected["statusCode"], rejected["errorCode"]), (403, "AccessDenied"))
        self.assertIn(because, rejected["errorMessage"])

    def explain(self, *words):
        story = self.imprint("explain", self.deployment.data, *words)
        return "\n".join(event["sentence"] for event in story["events"]), story["next"]

    def metric(self, name):
        context = ssl.create_default_context(cafile=str(self.deployment.data / "root-ca.pem"))
        metrics = urllib.request.urlopen(self.deployment.http + "/metrics", context=context).read().decode()
        found = re.search(re.escape(name) + r" (\d+)", metrics)
        return int(found.group(1)) if found else 0

    def alarms(self):
        return self.metric('imprint_alarms_total{alarm="claim-frozen"}')


class Claims(WithClaims):
    def test_a_budget_of_100_onboards_100_of_150_and_explains_the_others(self):
        before = self.alarms()
        claim, claim_id = self.make("hundred", "--max-devices", "100")
        report = self.fleet(claim, 150)
        self.assertEqual((report["succeeded"], report["failed"]), (100, 50), report)
        shown = self.assertFrozen(claim_id, "100 of 100 are registered (rule max-devices)")
        self.assertEqual(shown["devices"], 100)
        things = self.deployment.aws("iot", "list-things", "--max-items", "1000")["things"]
        registered = {thing["thingName"] for thing in things}
        refused = [serial for serial in (f"A-{i:06}" for i in range(1, 151)) if f"device-{serial}" not in registered]
        self.assertEqual(len(refused), 50)
        self.assertEqual(self.alarms(), before + 1)
        for serial in refused:
            self.deployment.wait_until(lambda: "100 of 100 are registered (rule max-devices)" in self.explain("--serial", serial)[1])
            sentences, following = self.explain("--serial", serial)
            self.assertRegex(sentences, f"max-devices|claim {claim_id} is INACTIVE")
            self.assertIn(f"imprint claim thaw DIR {claim_id}", following)
        sentences, following = self.explain("--certificate", claim_id)
        self.assertIn("alarm raised: it may register no more devices: 100 of 100", sentences)
        self.assertIn("imprint claim create", following)

        self.claim_verb("set", claim_id, "--max-devices", "150")
        self.assertEqual(self.claim_verb("thaw", claim_id)["status"], "ACTIVE")
        numbers = [int(serial.removeprefix("A-")) for serial in refused]
        for number in numbers:
            self.assertEqual(self.fleet(claim, 1, first=number)["succeeded"], 1, number)
        shown = self.claim_verb("show", claim_id)
        self.assertEqual((shown["status"], shown["state"], shown["devices"]), ("ACTIVE", "used-up", 150))
        self.assertEqual(self.alarms(), before + 1)

    def test_use_from_outside_its_networks_freezes_it_and_closes_its_connections(self):
        claim, claim_id = self.make("hall", "--network", "127.0.0.1", "--network", "10.0.0.0/8")
        self.assertTrue(self.register(claim, "N-1")[0])
        waiting = self.device(claim, "waiting")
        self.assertDenied(self.register(claim, "N-2", source="127.0.0.2"), "outside its networks 127.0.0.1, 10.0.0.0/8 (rule networks)")
        self.assertTrue(waiting.gone.wait(5))
        self.assertFrozen(claim_id, "127.0.0.2")
        with self.assertRaises(Refused):
            self.device(claim, "N-3")
        self.deployment.wait_until(lambda: "has been frozen since" in self.explain("--client", "N-3")[0])
        events = self.imprint("explain", self.deployment.data, "--client", "N-3")["events"]
        self.assertEqual([event["detail"]["category"] for event in events], ["claim-refused"])
        self.assertGreaterEqual(self.metric('imprint_provisioning_failure_total{category="claim-refused",method="connect",template=""}'), 1)

    def test_use_from_a_network_it_has_not_learned_freezes_it(self):
        claim, claim_id = self.make("learner", "--learn-networks", "1")
        self.assertTrue(self.register(claim, "L-1")[0])
        self.assertEqual(self.claim_verb("show", claim_id)["learnedNetworks"], ["127.0.0.0/24"])
        self.assertTrue(self.register(claim, "L-2", source="127.0.0.9")[0])
        self.assertDenied(self.register(claim, "L-3", source="127.0.7.1"), "rule learn-networks")
        self.assertFrozen(claim_id, "127.0.7.1")

    def test_a_serial_number_of_another_batch_freezes_it(self):
        claim, claim_id = self.make("batch", "--serials", "B-10..B-19")
        self.assertTrue(self.register(claim, "B-19")[0])
        self.assertDenied(self.register(claim, "B-20"), "outside B-10..B-19 (rule serials)")
        self.assertFrozen(claim_id, "B-20")
        self.deployment.wait_until(lambda: "rule serials" in self.explain("--serial", "B-20")[0])
        self.assertEqual(self.register(claim, "B-11"), (False, None))

    def test_its_rate_delays_devices_and_does_not_freeze_it(self):
        claim, claim_id = self.make("slow", "--rate", "1/1h")
        self.assertTrue(self.register(claim, "R-1")[0])
        ok, rejected = self.register(claim, "R-2")
        self.assertEqual((ok, rejected["statusCode"], rejected["errorCode"]), (False, 429, "Throttled"))
        self.claim_verb("set", claim_id, "--rate", "none")
        self.assertTrue(self.register(claim, "R-2")[0])
        self.assertEqual(self.claim_verb("show", claim_id)["status"], "ACTIVE")

    def test_it_works_only_in_its_period_and_with_its_templates(self):
        claim, claim_id = self.make("early", "--from", "2099-01-01")
        self.assertDenied(self.register(claim, "T-1"), "rule from")
        self.claim_verb("set", claim_id, "--from", "none", "--until", "2020-01-01T00:00:00Z")
        self.assertEqual(self.claim_verb("show", claim_id)["state"], "ended")
        self.assertDenied(self.register(claim, "T-1"), "rule until")
        self.assertEqual(self.claim_verb("show", claim_id)["status"], "ACTIVE")
        self.claim_verb("set", claim_id, "--until", "none")
        self.assertTrue(self.register(claim, "T-1")[0])

    def test_operators_freeze_and_thaw(self):
        claim, claim_id = self.make("by-hand")
        connected = self.device(claim, "H-0")
        self.claim_verb("freeze", claim_id, "--because", "line 3 lost a controller")
        self.assertTrue(connected.gone.wait(5))
        self.assertEqual(self.register(claim, "H-1"), (False, None))
        self.deployment.wait_until(lambda: "line 3 lost a controller" in self.explain("--client", "H-1")[0])
        self.claim_verb("thaw", claim_id)
        self.assertTrue(self.register(claim, "H-1")[0])
        again = run([BIN / "imprint", "claim", "thaw", self.deployment.data, claim_id], check=False)
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("is not frozen", again.stderr)

    def test_a_claim_made_the_aws_way_works_and_can_get_a_budget(self):
        aws = self.deployment.aws
        folder = self.deployment.scratch / "aws-claim"
        folder.mkdir()
        made = aws("iot", "create-keys-and-certificate", "--set-as-active")
        (folder / "claim.pem").write_text(made["certificatePem"])
        (folder / "claim.key").write_text(made["keyPair"]["PrivateKey"])
        (folder / "root-ca.pem").write_text((self.deployment.data / "root-ca.pem").read_text())
        aws("iot", "create-policy", "--policy-name", "AwsClaims", "--policy-document", json.dumps(CLAIM_POLICY))
        aws("iot", "attach-policy", "--policy-name", "AwsClaims", "--target", made["certificateArn"])
        for serial in ("W-1", "W-2"):
            self.assertTrue(self.register(folder, serial)[0])
        shown = self.claim_verb("set", made["certificateArn"], "--max-devices", "3")
        self.assertEqual((shown["devices"], shown["budget"]), (2, {"maxDevices": 3}))
        self.assertTrue(self.register(folder, "W-3")[0])
        self.assertDenied(self.register(folder, "W-4"), "3 of 3")
        self.assertFrozen(made["certificateId"], "3 of 3")

    def test_the_tool_lists_shows_and_explains_refusals(self):
        _, claim_id = self.make("told", "--name", "batch7", "--max-devices", "7", "--serials", "S-1..S-7", "--template", TEMPLATE)
        listed = run([BIN / "imprint", "claim", "list", self.deployment.data]).stdout
        self.assertRegex(listed, rf'{claim_id}  batch7 +in-service  0 of 7 .* \["{TEMPLATE}"\]')
        shown = run([BIN / "imprint", "claim", "show", self.deployment.data, claim_id]).stdout
        self.assertRegex(shown, r"serials +\{\"first\":\"S-1\",\"last\":\"S-7\"\}")
        for words, part in ((["--max-devices", "0"], "not a number above 0"), (["--rate", "fast"], "60/1m"), (["--serials", "S-1"], "A-0001..A-0100"),
                            (["--network", "10.0.0.1/8"], "10.0.0.0/8"), (["--serials", "S-9..S-1"], "comes before")):
            done = run([BIN / "imprint", "claim", "set", self.deployment.data, claim_id, *words], check=False)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn(part, done.stderr, words)


if __name__ == "__main__":
    unittest.main()
