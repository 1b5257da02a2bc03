# SPDX-License-Identifier: Apache-2.0
"""imprint explain correctly explains failures of real clients."""
import json
import os
import signal
import ssl
import time
import unittest

import paho.mqtt.client as paho

from deployment import BIN, DEADLINE, run
from provisioning_client import Refused
from test_provisioning import CREATE_CSR, PROVISION, WithServer, make_csr


class Explain(WithServer):
    CONFIG = ""

    def explain(self, *words, wanted):
        """The story, once it contains the expected step: a device's steps are recorded shortly after they are answered."""
        for _ in range(DEADLINE * 10):
            story = json.loads(run([BIN / "imprint", "explain", self.deployment.data, *words, "--output", "json"]).stdout)
            if any(wanted in event["sentence"] for event in story["events"]):
                return [event["sentence"] for event in story["events"]], story["next"]
            time.sleep(0.1)
        raise AssertionError(f"{wanted!r} is not in the story: {story}")

    def assertTold(self, words, wanted, next_step, before=()):
        sentences, following = self.explain(*words, wanted=wanted)
        self.assertIn(next_step, following)
        places = [next(i for i, sentence in enumerate(sentences) if part in sentence) for part in (*before, wanted)]
        self.assertEqual(places, sorted(places), sentences)

    def register(self, serial, parameters=None, token=None, topic=PROVISION, client=None, csr=None):
        """Connects with the claim and provisions as far as possible; returns the last answer."""
        device = self.connect_claim(client or f"bench-{serial}")
        try:
            ok, created = device.request(CREATE_CSR, {"certificateSigningRequest": csr or make_csr(self.deployment.scratch, serial)[1]})
            if not ok:
                return ok, created
            return device.request(topic, {"certificateOwnershipToken": token or created["certificateOwnershipToken"],
                                          "parameters": {"SerialNumber": serial, "FirmwareVersion": "1.0.0"} if parameters is None else parameters})
        finally:
            device.close()

    # ---- ten failures ----

    def test_1_a_parameter_is_missing(self):
        self.register("x1", parameters={"SerialNumber": "x1"})
        self.assertTold(["--serial", "x1"], "InvalidParameters", "Send every parameter", before=["with the claim", "got certificate"])

    def test_2_a_request_that_is_not_a_csr(self):
        self.register("x2", csr="-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n")
        self.assertTold(["--client", "bench-x2"], "InvalidCsr", "Make a new key", before=["with the claim"])

    def test_3_a_token_that_was_never_issued(self):
        self.register("x3", token="00" * 64)
        self.assertTold(["--serial", "x3"], "InvalidCertificateOwnershipToken", "Start over: request a certificate")

    def test_4_a_template_that_is_disabled(self):
        self.deployment.aws("iot", "update-provisioning-template", "--template-name", "FleetProvisioningTemplate", "--no-enabled")
        try:
            self.register("x4")
        finally:
            self.deployment.aws("iot", "update-provisioning-template", "--template-name", "FleetProvisioningTemplate", "--enabled")
        self.assertTold(["--serial", "x4"], "TemplateDisabled", "--enabled")

    def test_5_a_second_unit_with_the_same_serial(self):
        thing, certificate, key, _ = self.onboard("x5")
        self.connect_device(thing, certificate, key).close()
        self.explain("--serial", "x5", wanted="its own certificate")
        self.register("x5", client="twin", csr=make_csr(self.deployment.scratch, "x5-twin")[1])
        self.assertTold(["--serial", "x5"], "ResourceConflicts", "two units have one serial number",
                        before=["registered as device-x5", "its own certificate"])

    def test_6_a_claim_that_is_used_up(self):
        claim, self.__class__.claim = self.claim, self.deployment.make_claim("one-device", "FleetProvisioningTemplate", "--max-devices", "1")
        try:
            self.onboard("x6a")
            self.register("x6b")
        finally:
            self.__class__.claim = claim
        self.assertTold(["--client", "bench-x6b"], "AccessDenied", "imprint claim create")

    def test_7_a_client_id_that_the_policy_does_not_allow(self):
        _, certificate, key, certificate_id = self.onboard("x7")
        with self.assertRaises(Refused):
            self.connect_device("somebody-else", certificate, key)
        self.assertTold(["--certificate", certificate_id], 'connect "somebody-else" denied', "another client id", before=["registered as device-x7"])

    def test_8_a_topic_that_the_policy_does_not_allow(self):
        thing, certificate, key, _ = self.onboard("x8")
        device = self.connect_device(thing, certificate, key, paho.MQTTv5)
        device.publish("everybody/else", "x")
        self.assertNotEqual(device.subscribe("everybody/else"), [0])
        self.assertTold(["--thing", thing], 'subscribe "everybody/else" denied', "another topic", before=['publish "everybody/else" denied'])

    def test_9_a_certificate_that_was_deactivated(self):
        thing, certificate, key, certificate_id = self.onboard("x9")
        device = self.connect_device(thing, certificate, key)
        self.deployment.aws("iot", "update-certificate", "--certificate-id", certificate_id, "--new-status", "INACTIVE")
        self.assertTrue(device.gone.wait(30))
        with self.assertRaises(Refused):
            self.connect_device(thing, certificate, key)
        self.assertTold(["--serial", "x9"], "is INACTIVE; an operator can activate it", "--new-status ACTIVE",
                        before=["its own certificate", "update_certificate by"])

    def test_a_certificate_that_nobody_registered(self):
        key, certificate = self.deployment.scratch / "stranger.key", self.deployment.scratch / "stranger.pem"
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
             "-subj", "/CN=stranger"])
        fingerprint = run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"]).stdout
        with self.assertRaises(Refused):
            self.connect_device("stranger", certificate, key, tls=ssl.TLSVersion.TLSv1_2)
        self.assertTold(["--certificate", fingerprint.split("=")[1].strip().replace(":", "").lower()], "does not know this client certificate",
                        "not registered here")

    # ---- the tool ----

    def test_the_text_ends_with_what_to_do(self):
        self.register("t1", parameters={"SerialNumber": "t1"})
        self.explain("--serial", "t1", wanted="InvalidParameters")
        text = run([BIN / "imprint", "explain", self.deployment.data, "--serial", "t1"]).stdout
        self.assertRegex(text.splitlines()[-1], r"^Next: .*Send every parameter")
        self.assertIn("firmwareVersion.Ref", text)
        nothing = run([BIN / "imprint", "explain", self.deployment.data, "--serial", "nobody"]).stdout
        self.assertIn("Nothing is on record", nothing)
        for words in (["--follow"], ["--serial", "a", "--client", "b"]):
            self.assertEqual(run([BIN / "imprint", "explain", self.deployment.data, *words], check=False).returncode, 2)

    # ---- without a device ----

    def refused(self, wanted):
        """The entry about a refused device, once it exists."""
        for _ in range(DEADLINE * 10):
            devices = json.loads(run([BIN / "imprint", "explain", self.deployment.data, "--output", "json"]).stdout)["devices"]
            for one in devices:
                if wanted in one["sentence"]:
                    return one
            time.sleep(0.1)
        raise AssertionError(f"{wanted!r} is not among {devices}")

    def test_recent_refusals_are_listed_without_naming_a_device(self):
        for _ in range(2):
            self.register("l1", parameters={"SerialNumber": "l1"})
        told = self.refused("FirmwareVersion")
        self.assertEqual((told["serialNumber"], told["from"]), ("l1", "127.0.0.1"))
        self.assertIn("Send every parameter", told["next"])
        text = run([BIN / "imprint", "explain", self.deployment.data]).stdout
        self.assertRegex(text, r'serial number "l1" from 127\.0\.0\.1, 2 times')
        self.assertIn("  Next: The same request will be refused again. Send every parameter", text)

    def test_a_device_that_disconnects_with_a_certificate_before_registering(self):
        """As an example sketch does, whose buffer is too small for the answer."""
        for _ in range(2):
            device = self.connect_claim("claim-client")
            ok, created = device.request("$aws/certificates/create/json", "{}")
            self.assertTrue(ok, created)
            device.close()
        told = self.refused("ended the connection without RegisterThing")
        self.assertEqual(told["clientId"], "claim-client")
        self.assertRegex(told["sentence"], r"in an answer of [2-4]\d{3} bytes")
        self.assertIn("setBufferSize(4096)", told["next"])
        self.assertTold(["--client", "claim-client"], "without RegisterThing", "setBufferSize(4096)")

    def test_failed_handshakes_can_be_explained(self):
        """A client that does not trust the server, sends no certificate or does not speak TLS has no name; its address and the remedy are shown."""
        stranger = self.deployment.scratch / "other-root.pem"
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", os.devnull, "-out", stranger,
             "-subj", "/CN=another root"])
        claim = ["--cert", self.claim / "claim.pem", "--key", self.claim / "claim.key"]
        for options, wanted in ((["--cafile", stranger, *claim], "does not trust the server's certificate"),
                                (["--cafile", self.claim / "root-ca.pem"], "showed no certificate"),
                                ([], "does not speak TLS")):
            run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.deployment.mqtt_port), *options, "-t", "x", "-m", "y"], check=False)
            told = self.refused(wanted)
            self.assertEqual(told["from"], "127.0.0.1")
            self.assertIn("do what the sentence says", told["next"])
        self.assertIn("a device without a name from 127.0.0.1", run([BIN / "imprint", "explain", self.deployment.data]).stdout)

    def test_a_wrong_port_can_be_explained(self):
        """HTTP at the devices' port, and a device at the operators' port."""
        run(["curl", "-s", "-m", "5", f"http://127.0.0.1:{self.deployment.mqtt_port}/"], check=False)
        self.assertIn("do what the sentence says", self.refused("does not speak TLS")["next"])
        run(["mosquitto_pub", "-h", "127.0.0.1", "-p", self.deployment.http.rsplit(":", 1)[1], "--cafile", self.claim / "root-ca.pem",
             "--cert", self.claim / "claim.pem", "--key", self.claim / "claim.key", "-t", "x", "-m", "y"], check=False)
        told = self.refused("speaks MQTT at the port of the REST API")
        self.assertIn("MQTT port", told["next"])
        self.assertEqual(told["detail"]["cause"], "MqttAtRestPort")

    def test_a_device_that_is_disconnected_repeatedly_is_not_healthy(self):
        thing, certificate, key, _ = self.onboard("cut1")
        for _ in range(40):
            device = self.connect_device(thing, certificate, key)
            device.publish("a/b/c/d/e/f/g/h/i", "{}")
            self.assertTrue(device.gone.wait(30))
            device.close()
        self.assertTold(["--thing", thing], "connection ended failed", "7 slashes")
        story = json.loads(run([BIN / "imprint", "explain", self.deployment.data, "--thing", thing, "--output", "json"]).stdout)
        self.assertEqual(story["standing"], "bad")
        self.assertNotIn("nothing to do", run([BIN / "imprint", "explain", self.deployment.data, "--thing", thing]).stdout)

    def test_a_refused_connect_is_shown_with_its_thing(self):
        thing, certificate, key, _ = self.onboard("old1")
        run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.deployment.mqtt_port), "--cafile", self.deployment.data / "root-ca.pem",
             "--cert", certificate, "--key", key, "-V", "mqttv31", "-i", thing, "-t", "x", "-m", "y"], check=False)
        self.assertTold(["--thing", thing], "connect denied", "MQTT 3.1.1 or MQTT 5")

    def test_a_mistyped_template_is_a_failure_with_a_suggestion(self):
        """As in firmware with MQTT 3.1.1, which is disconnected for it; the dashboard and the alarms show it, too."""
        client = "mistyped"
        device = self.connect_claim(client)
        ok, created = device.request(CREATE_CSR, {"certificateSigningRequest": make_csr(self.deployment.scratch, client)[1]})
        self.assertTrue(ok, created)
        device.publish(PROVISION.replace("FleetProvisioningTemplate", "FleetProvisioningTemplat"),
                       json.dumps({"certificateOwnershipToken": created["certificateOwnershipToken"], "parameters": {"SerialNumber": "m1"}}))
        self.assertTrue(device.gone.wait(30))
        device.close()
        self.assertTold(["--client", client], "the server ended the connection", "Did you mean the template FleetProvisioningTemplate",
                        before=["FleetProvisioningTemplat/"])
        metrics = run(["curl", "-s", "--cacert", self.deployment.data / "root-ca.pem", self.deployment.http + "/metrics"]).stdout
        self.assertRegex(metrics, r'imprint_provisioning_failure_total\{category="topic-refused",method="publish",template=""\} 1')

    def test_a_policy_that_is_missing_is_named(self):
        thing, certificate, key, certificate_id = self.onboard("nopol1")
        arn = f"arn:aws:iot:us-east-1:000000000000:cert/{certificate_id}"
        self.deployment.aws("iot", "detach-policy", "--policy-name", "FleetDevicePolicy", "--target", arn)
        with self.assertRaises(Refused):
            self.connect_device(thing, certificate, key)
        self.assertTold(["--thing", thing], "no policy is attached", "attach-policy")

    def test_a_refused_sign_in_names_the_key(self):
        run(["curl", "-s", "--cacert", self.deployment.data / "root-ca.pem", "-H", "content-type: application/json",
             "-d", '{"accessKeyId": "AKIAWRONG", "secretAccessKey": "nothing"}', self.deployment.http + "/ui/session"])
        told = run([BIN / "imprint", "audit", "list", self.deployment.data, "--step", "sign_in"]).stdout
        self.assertRegex(told, r"denied with the key AKIAWRONG from 127\.0\.0\.1: ")

    def test_units_that_share_a_client_id_are_noticed(self):
        for serial in ("s1", "s2"):
            self.register(serial, parameters={"SerialNumber": serial}, client="one-for-all")
        self.assertTold(["--serial", "s2"], "InvalidParameters", '2 units have come with the client id "one-for-all"')

    def test_a_template_that_is_almost_right(self):
        wrong = PROVISION.replace("FleetProvisioningTemplate", "FleetProvisoningTemplate")
        device = self.connect_claim("almost", paho.MQTTv5)
        device.publish(wrong, "{}")
        self.assertTold(["--client", "almost"], "FleetProvisoningTemplate", "Did you mean the template FleetProvisioningTemplate")

    def test_a_template_can_be_tried_without_a_device(self):
        def attempt(*words, check=True):
            return run([BIN / "imprint", "template", "try", self.deployment.data, "FleetProvisioningTemplate", "--output", "json",
                        *(word for parameter in words for word in ("--parameter", parameter))], check=check)
        story = json.loads(attempt("SerialNumber=try1", "FirmwareVersion=1.0.0").stdout)
        self.assertEqual((story["allowed"], story["thingName"]), (True, "device-try1"))
        kinds = {change["kind"] for change in story["changes"]}
        self.assertLessEqual({"thing", "group membership", "policy attachment", "thing principal", "certificate"}, kinds)
        iot = self.deployment.boto3()
        with self.assertRaises(iot.exceptions.ResourceNotFoundException):
            iot.describe_thing(thingName="device-try1")
        refused = attempt("SerialNumber=try1", check=False)
        self.assertEqual((refused.returncode, json.loads(refused.stdout)["errorCode"]), (1, "InvalidParameters"))
        # The real registration gives what the trial showed.
        self.assertEqual(self.onboard("try1")[0], "device-try1")
        again = attempt("SerialNumber=try1", "FirmwareVersion=2.0.0")
        thing = next(change for change in json.loads(again.stdout)["changes"] if change["kind"] == "thing")
        self.assertEqual((thing["attributes"]["firmwareVersion"], thing["before"]["attributes"]["firmwareVersion"]), ("2.0.0", "1.0.0"))

    def test_follow_shows_it_live(self):
        import subprocess
        watch = subprocess.Popen([str(BIN / "imprint"), "explain", str(self.deployment.data), "--serial", "f1", "--follow"],
                                 stdout=subprocess.PIPE, text=True)
        try:
            self.onboard("f1")
            seen = ""
            while "registered as device-f1" not in seen:
                line = watch.stdout.readline()
                self.assertTrue(line, seen)
                seen += line
            self.assertIn("got certificate", seen)
        finally:
            watch.send_signal(signal.SIGINT)
            watch.wait(timeout=DEADLINE)
            watch.stdout.close()


if __name__ == "__main__":
    unittest.main()
