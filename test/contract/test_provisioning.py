# SPDX-License-Identifier: Apache-2.0
"""The whole flow with real clients against a real server: AWS CLI, boto3, paho, mosquitto."""
import concurrent.futures
import json
import queue
import signal
import sqlite3
import ssl
import subprocess
import time
import unittest

import paho.mqtt.client as paho

from deployment import BIN, DEADLINE, Deployment, TEMPLATE, run
from provisioning_client import Device, Refused

CREATE = "$aws/certificates/create/json"
CREATE_CSR = "$aws/certificates/create-from-csr/json"
PROVISION = "$aws/provisioning-templates/FleetProvisioningTemplate/provision/json"


def make_csr(folder, name, *algorithm):
    key, csr = folder / f"{name}.key", folder / f"{name}.csr"
    run(["openssl", "req", "-new", "-newkey", *(algorithm or ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")), "-nodes",
         "-keyout", key, "-out", csr, "-subj", "/CN=chosen by the device"])
    return key, csr.read_text()


class WithServer(unittest.TestCase):
    """One server for all tests of a class; the tests use different serials."""

    CONFIG = ""
    OPTIONS = {}  # for Deployment

    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment(config=cls.CONFIG, **cls.OPTIONS)
        cls.addClassCleanup(cls.deployment.close)
        cls.deployment.set_up_mission()
        cls.claim = cls.deployment.make_claim()

    def connect_claim(self, client_id="factory", protocol=paho.MQTTv311, **options):
        device = Device(self.deployment.mqtt_port, self.claim / "claim.pem", self.claim / "claim.key", self.claim / "root-ca.pem",
                        client_id, protocol, **options)
        self.addCleanup(device.close)
        return device.connect()

    def onboard(self, serial, firmware="1.0.0", **options):
        """Provisions a device from the claim with a CSR; returns thing name, certificate file, key file."""
        key, csr = make_csr(self.deployment.scratch, serial)
        device = self.connect_claim(f"factory-{serial}", **options)
        ok, created = device.request(CREATE_CSR, {"certificateSigningRequest": csr})
        self.assertTrue(ok, created)
        self.assertEqual(set(created), {"certificateId", "certificatePem", "certificateOwnershipToken"})
        certificate = self.deployment.scratch / f"{serial}.pem"
        certificate.write_text(created["certificatePem"])
        ok, registered = device.request(PROVISION, {"certificateOwnershipToken": created["certificateOwnershipToken"],
                                                    "parameters": {"SerialNumber": serial, "FirmwareVersion": firmware}})
        self.assertTrue(ok, registered)
        device.close()
        return registered["thingName"], certificate, key, created["certificateId"]

    def connect_device(self, thing, certificate, key, protocol=paho.MQTTv311, **options):
        device = Device(self.deployment.mqtt_port, certificate, key, self.claim / "root-ca.pem", thing, protocol, **options)
        self.addCleanup(device.close)
        return device.connect()


class MissionFlow(WithServer):
    def test_the_template_went_through_the_cli_unmodified(self):
        described = self.deployment.aws("iot", "describe-provisioning-template", "--template-name", "FleetProvisioningTemplate")
        self.assertEqual(json.loads(described["templateBody"]), json.loads(TEMPLATE.read_text()))
        self.assertTrue(described["enabled"])

    def test_claim_to_identity_with_a_csr_and_a_publish_within_policy(self):
        for protocol, tls in ((paho.MQTTv311, ssl.TLSVersion.TLSv1_2), (paho.MQTTv5, ssl.TLSVersion.TLSv1_3)):
            serial = f"csr-{protocol}"
            thing, certificate, key, certificate_id = self.onboard(serial, protocol=protocol, tls=tls)
            self.assertEqual(thing, f"device-{serial}")
            device = self.connect_device(thing, certificate, key, protocol, tls=tls)
            self.assertEqual(device.subscribe(f"device/{thing}/in"), [1])
            device.publish(f"device/{thing}/in", "hello")
            self.assertEqual(device.receive(), (f"device/{thing}/in", b"hello"))
            described = self.deployment.aws("iot", "describe-thing", "--thing-name", thing)
            self.assertEqual(described["thingTypeName"], "SmartSensor")
            self.assertEqual(described["attributes"], {"firmwareVersion": "1.0.0"})
            principals = self.deployment.aws("iot", "list-thing-principals", "--thing-name", thing)["principals"]
            self.assertEqual([p.rpartition("/")[2] for p in principals], [certificate_id])

    def test_claim_to_identity_with_a_key_made_by_the_server(self):
        device = self.connect_claim("keys")
        ok, created = device.request(CREATE, "{}")
        self.assertTrue(ok, created)
        self.assertRegex(created["privateKey"], "^-----BEGIN RSA PRIVATE KEY-----\n")
        self.assertLessEqual(len(created["certificateOwnershipToken"]), 512)
        self.assertLessEqual(len(created["certificatePem"]), 2048)
        self.assertLessEqual(len(created["privateKey"]), 2048)
        ok, registered = device.request(PROVISION, {"certificateOwnershipToken": created["certificateOwnershipToken"],
                                                    "templateName": "FleetProvisioningTemplate",
                                                    "parameters": {"SerialNumber": "keys", "FirmwareVersion": "2"}})
        self.assertEqual((ok, registered), (True, {"deviceConfiguration": {}, "thingName": "device-keys"}))
        certificate, key = self.deployment.scratch / "k.pem", self.deployment.scratch / "k.key"
        certificate.write_text(created["certificatePem"])
        key.write_text(created["privateKey"])
        self.connect_device("device-keys", certificate, key)

    def test_an_issued_certificate_follows_the_profile(self):
        _, certificate, _, certificate_id = self.onboard("profile")
        chain = ["-CAfile", self.claim / "root-ca.pem", "-untrusted", self.deployment.data / "ca/issuing-ca.pem"]
        run(["openssl", "verify", "-x509_strict", "-purpose", "sslclient", *chain, certificate])
        text = run(["openssl", "x509", "-in", certificate, "-noout", "-text", "-fingerprint", "-sha256"]).stdout
        self.assertNotIn("chosen by the device", text)
        self.assertIn("CA:FALSE", text)
        self.assertIn("TLS Web Client Authentication", text)
        self.assertIn(certificate_id, text.replace(":", "").lower())

    def test_mosquitto_clients_connect_with_the_new_identity(self):
        thing, certificate, key, _ = self.onboard("mosquitto")
        options = ["-h", "127.0.0.1", "-p", self.deployment.mqtt_port, "--cafile", self.claim / "root-ca.pem", "--cert", certificate,
                   "--key", key, "-i", thing, "-q", "1"]
        for version in ("mqttv311", "mqttv5"):
            run(["mosquitto_pub", *options, "-V", version, "-t", f"device/{thing}/out", "-m", "x"])
        refused = run(["mosquitto_pub", *options, "-V", "mqttv5", "-i", "another-name", "-t", "a", "-m", "x"], check=False)
        self.assertNotEqual(refused.returncode, 0)

    def test_a_re_registration_follows_the_override_settings(self):
        thing, _, _, first = self.onboard("again", firmware="1.0.0")
        self.deployment.aws("iot", "update-thing", "--thing-name", thing, "--attribute-payload", '{"attributes":{"site":"hall-2"},"merge":true}')
        self.deployment.aws("iot", "remove-thing-from-thing-group", "--thing-name", thing, "--thing-group-name", "unprovisioned-devices")
        _, _, _, second = self.onboard("again", firmware="2.0.0")  # another key: the first was never used
        self.assertNotEqual(first, second)
        described = self.deployment.aws("iot", "describe-thing", "--thing-name", thing)
        self.assertEqual(described["attributes"], {"firmwareVersion": "2.0.0", "site": "hall-2"})  # MERGE
        groups = self.deployment.aws("iot", "list-thing-groups-for-thing", "--thing-name", thing)["thingGroups"]
        self.assertEqual(groups, [])  # DO_NOTHING
        status = self.deployment.aws("iot", "describe-certificate", "--certificate-id", first)["certificateDescription"]["status"]
        self.assertEqual(status, "INACTIVE")


class Rejections(WithServer):
    """Sections 1.3 and 13 of the specification, over the wire."""

    def test_every_rejection_names_step_place_and_remedy(self):
        device = self.connect_claim("rejections")
        _, csr = make_csr(self.deployment.scratch, "rejections")
        _, weak = make_csr(self.deployment.scratch, "weak", "rsa:1024")
        ok, created = device.request(CREATE_CSR, {"certificateSigningRequest": csr})
        token = created["certificateOwnershipToken"]
        good = {"SerialNumber": "R", "FirmwareVersion": "1"}
        rows = [
            (CREATE_CSR, {}, 400, "InvalidPayload", "certificateSigningRequest"),
            (CREATE_CSR, {"certificateSigningRequest": 7}, 400, "InvalidPayload", "number"),
            (CREATE_CSR, {"certificateSigningRequest": "hello"}, 400, "InvalidCsr", ""),
            (CREATE_CSR, {"certificateSigningRequest": weak}, 400, "InvalidCsr", "1024"),
            (CREATE_CSR, "not json", 400, "InvalidPayload", "line 1"),
            (CREATE, "[]", 400, "InvalidPayload", "array"),
            (PROVISION, {"parameters": good}, 400, "InvalidCertificateOwnershipToken", "Certificate ownership token cannot be empty."),
            (PROVISION, {"certificateOwnershipToken": "x", "parameters": good}, 400, "InvalidCertificateOwnershipToken", "1 characters"),
            (PROVISION, {"certificateOwnershipToken": token}, 400, "InvalidParameters", "SerialNumber"),
            (PROVISION, {"certificateOwnershipToken": token, "parameters": {"SerialNumber": 5}}, 400, "InvalidPayload", "parameters.SerialNumber"),
            (PROVISION, {"certificateOwnershipToken": token, "parameters": dict(good, SerialNumber="a b")}, 400, "InvalidParameters", "a b"),
            (PROVISION, {"certificateOwnershipToken": token, "parameters": dict(good, SerialNumber="#")}, 400, "InvalidParameters", "#"),
            (PROVISION, {"certificateOwnershipToken": token, "parameters": dict(good, FirmwareVersion="1.0+build 5")}, 400, "InvalidParameters", "1.0+build 5"),
        ]
        for topic, payload, status, code, part in rows:
            ok, answer = device.request(topic, payload)
            self.assertFalse(ok, payload)
            self.assertEqual(set(answer), {"statusCode", "errorCode", "errorMessage"})
            self.assertEqual((answer["statusCode"], answer["errorCode"]), (status, code), answer)
            self.assertIn(part, answer["errorMessage"])
            self.assertRegex(answer["errorMessage"], r"\[(CreateKeysAndCertificate|CreateCertificateFromCsr|RegisterThing).*; final")
        ok, registered = device.request(PROVISION, {"certificateOwnershipToken": token, "parameters": good})
        self.assertTrue(ok, registered)
        ok, other = device.request(PROVISION, {"certificateOwnershipToken": token, "parameters": dict(good, SerialNumber="R2")})
        self.assertEqual((ok, other["errorCode"]), (False, "InvalidCertificateOwnershipToken"))
        self.assertNotIn(token, self.deployment.server_log())

    def test_unknown_and_disabled_templates(self):
        self.deployment.aws("iot", "create-provisioning-template", "--template-name", "Off", "--provisioning-role-arn",
                            "arn:aws:iam::000000000000:role/provisioning", "--template-body", f"file://{TEMPLATE}")
        self.deployment.aws("iot", "create-policy", "--policy-name", "Everything", "--policy-document",
                            '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}')
        made = self.deployment.aws("iot", "create-keys-and-certificate", "--set-as-active")
        self.deployment.aws("iot", "attach-policy", "--policy-name", "Everything", "--target", made["certificateArn"])
        certificate, key = self.deployment.scratch / "any.pem", self.deployment.scratch / "any.key"
        certificate.write_text(made["certificatePem"])
        key.write_text(made["keyPair"]["PrivateKey"])
        device = self.connect_device("any", certificate, key)
        for name, status, code in (("Off", 403, "TemplateDisabled"), ("None", 404, "ResourceNotFound")):
            ok, created = device.request(CREATE_CSR, {"certificateSigningRequest": make_csr(self.deployment.scratch, name)[1]})
            ok, answer = device.request(f"$aws/provisioning-templates/{name}/provision/json",
                                        {"certificateOwnershipToken": created["certificateOwnershipToken"], "parameters": {}})
            self.assertEqual((ok, answer["statusCode"], answer["errorCode"]), (False, status, code))

    def test_a_token_sent_to_accepted_is_refused_by_name(self):
        for protocol in (paho.MQTTv311, paho.MQTTv5):
            device = self.connect_claim(f"sketch-{protocol}", protocol)
            device.publish(PROVISION + "/accepted", json.dumps({"certificateOwnershipToken": "x"}), qos=0)
            self.assertTrue(device.gone.wait(30))
            if protocol == paho.MQTTv5:
                self.assertIn("answers arrive", device.disconnect_reason[1])
        self.deployment.wait_for_log("is where answers arrive; publish RegisterThing requests to")

    def test_no_subscription_receives_anothers_answer(self):
        spy = self.connect_claim("spy")
        codes = spy.subscribe(CREATE_CSR + "/accepted", "$aws/certificates/+/json/accepted", PROVISION + "/#", "#", "$share/s/" + CREATE_CSR + "/accepted")
        self.assertEqual(len(codes), 5)
        self.onboard("secret")
        own, created = spy.request(CREATE_CSR, {"certificateSigningRequest": make_csr(self.deployment.scratch, "spy")[1]})
        self.assertTrue(own)  # the first thing it receives is its own answer
        self.assertTrue(spy.messages.empty())

    def test_a_claim_cannot_do_anything_else(self):
        device = self.connect_claim("curious", paho.MQTTv5)
        self.assertEqual(device.subscribe("device/x/in"), [135])
        device.publish("device/x/in", "x", qos=0)
        self.assertTrue(device.gone.wait(30))
        self.assertIn("iot:Publish", device.disconnect_reason[1])

    def test_certificates_that_may_not_connect(self):
        device = self.connect_claim("pending")
        key, csr = make_csr(self.deployment.scratch, "pending")
        _, created = device.request(CREATE_CSR, {"certificateSigningRequest": csr})
        certificate = self.deployment.scratch / "pending.pem"
        certificate.write_text(created["certificatePem"])
        with self.assertRaises(Refused) as refused:
            self.connect_device("pending", certificate, key, paho.MQTTv5)
        self.assertIn("PENDING_ACTIVATION", refused.exception.reason)
        stranger, stranger_key = self.deployment.scratch / "s.pem", self.deployment.scratch / "s.key"
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", stranger_key,
             "-out", stranger, "-subj", "/CN=stranger"])
        refused = run(["mosquitto_pub", "-h", "127.0.0.1", "-p", self.deployment.mqtt_port, "--cafile", self.claim / "root-ca.pem",
                       "--cert", stranger, "--key", stranger_key, "-i", "stranger", "-t", "a", "-m", "x"], check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.deployment.wait_for_log("refused a client certificate that the registry does not know")
        fingerprint = run(["openssl", "x509", "-in", stranger, "-noout", "-fingerprint", "-sha256"]).stdout.strip().rpartition("=")[2]
        self.deployment.wait_for_log("certificate=" + fingerprint.replace(":", "").lower())

    def test_a_claim_for_two_devices_registers_two(self):
        claim, self.__class__.claim = self.claim, self.deployment.make_claim("small", "FleetProvisioningTemplate", "--max-devices", "2")
        try:
            self.onboard("q1")
            self.onboard("q2")
            with self.assertRaises(AssertionError) as third:
                self.onboard("q3")
            self.assertIn("no more devices", str(third.exception))
        finally:
            self.__class__.claim = claim


class Sessions(WithServer):
    def test_deactivation_closes_a_live_session_within_a_second(self):
        for status, again in (("INACTIVE", "is INACTIVE"), ("REVOKED", "is REVOKED")):
            thing, certificate, key, certificate_id = self.onboard(f"cut-{status}")
            device = self.connect_device(thing, certificate, key, paho.MQTTv5)
            self.deployment.aws("iot", "update-certificate", "--certificate-id", certificate_id, "--new-status", status)
            self.assertTrue(device.gone.wait(30))
            self.assertIn(again, device.disconnect_reason[1])
            with self.assertRaises(Refused) as refused:
                self.connect_device(thing, certificate, key, paho.MQTTv5)
            self.assertIn(again, refused.exception.reason)

    def test_a_second_connection_takes_over_and_the_first_is_notified(self):
        thing, certificate, key, _ = self.onboard("twice")
        first = self.connect_device(thing, certificate, key, paho.MQTTv5)
        self.connect_device(thing, certificate, key, paho.MQTTv5)
        self.assertTrue(first.gone.wait(30))
        self.assertEqual(getattr(first.disconnect_reason[0], "value", first.disconnect_reason[0]), 142)

    def test_devices_with_one_claim_and_one_client_id_do_not_disturb_each_other(self):
        devices = [self.connect_claim("claim-client") for _ in range(5)]
        for number, device in enumerate(devices):
            ok, _ = device.request(CREATE_CSR, {"certificateSigningRequest": make_csr(self.deployment.scratch, f"same-{number}")[1]})
            self.assertTrue(ok)

    def test_a_claim_cannot_take_the_place_of_a_device(self):
        thing, certificate, key, _ = self.onboard("victim")
        device = self.connect_device(thing, certificate, key, paho.MQTTv5)
        self.connect_claim(thing)
        device.subscribe(f"device/{thing}/in")
        device.publish(f"device/{thing}/in", "still here")
        self.assertEqual(device.receive()[1], b"still here")

    def connect_operator(self, name, **options):
        """A client that may do everything, with a certificate and policy made with the plain CLI."""
        document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}'
        self.deployment.aws("iot", "create-policy", "--policy-name", f"Everything-{name}", "--policy-document", document)
        made = self.deployment.aws("iot", "create-keys-and-certificate", "--set-as-active")
        self.deployment.aws("iot", "attach-policy", "--policy-name", f"Everything-{name}", "--target", made["certificateArn"])
        certificate, key = self.deployment.scratch / f"{name}.pem", self.deployment.scratch / f"{name}.key"
        certificate.write_text(made["certificatePem"])
        key.write_text(made["keyPair"]["PrivateKey"])
        return lambda client_id, **more: self.connect_device(client_id, certificate, key, **{**options, **more})

    def test_a_persistent_session_keeps_its_messages(self):
        connect = self.connect_operator("sessions")
        sleeper = connect("sleeper", clean=False)
        sleeper.subscribe("news/#")
        sleeper.close()
        writer = connect("writer")
        for number in range(3):
            writer.publish("news/today", str(number))
            writer.published.get(timeout=30)
        awake = connect("sleeper", clean=False)
        self.assertEqual(awake.flags["session present"], 1)
        self.assertEqual([awake.receive()[1] for _ in range(3)], [b"0", b"1", b"2"])

    def test_retained_messages_are_for_the_exact_filter(self):
        connect = self.connect_operator("retained")
        writer = connect("writer-r")
        writer.publish("state/lamp", "on", retain=True)
        writer.published.get(timeout=30)
        reader = connect("reader-r")
        reader.subscribe("state/#")
        reader.subscribe("state/lamp")
        self.assertEqual(reader.receive(), ("state/lamp", b"on"))
        self.assertTrue(reader.messages.empty())

    def test_a_will_is_published_after_a_lost_connection_and_not_after_disconnect(self):
        connect = self.connect_operator("wills")
        witness = connect("witness")
        witness.subscribe("wills/#")
        polite = connect("polite", will=("wills/polite", "gone", 1))
        polite.close()
        rude = connect("rude", will=("wills/rude", "gone", 1))
        rude.client._sock_close()  # no DISCONNECT
        self.assertEqual(witness.receive(), ("wills/rude", b"gone"))

    def test_shared_subscriptions_give_each_message_to_one(self):
        connect = self.connect_operator("shared")
        readers = [connect(f"reader-{n}", protocol=paho.MQTTv5) for n in range(3)]
        for reader in readers:
            self.assertEqual(reader.subscribe("$share/group/jobs/+"), [1])
        writer = connect("writer-s", protocol=paho.MQTTv5)
        for number in range(30):
            writer.publish("jobs/x", str(number))
        got = []
        for _ in range(600):
            for reader in readers:
                while not reader.messages.empty():
                    got.append(int(reader.receive()[1]))
            if len(got) >= 30:
                break
            time.sleep(0.05)
        self.assertEqual(sorted(got), list(range(30)))


class Reload(WithServer):
    def subject_of_a_new_certificate(self):
        made = self.deployment.boto3().create_keys_and_certificate()
        return run(["openssl", "x509", "-noout", "-subject"], input=made["certificatePem"]).stdout

    def test_sighup_applies_the_configuration_and_keeps_sessions(self):
        thing, certificate, key, _ = self.onboard("stays")
        device = self.connect_device(thing, certificate, key)
        config = self.deployment.data / "imprint.toml"
        before = config.read_text()

        config.write_text('account-id = "123456789012"\n' + before.replace("[certificates]", '[certificates]\ncommon-name = "After the reload"'))
        self.deployment.process.send_signal(signal.SIGHUP)
        self.deployment.wait_for_log("reloaded configuration")
        self.assertIn("After the reload", self.subject_of_a_new_certificate())
        self.assertIn("take effect at the next start", self.deployment.server_log())
        self.assertIn("account-id", self.deployment.server_log())

        config.write_text(before.replace("[certificates]", "[certificates]\ncommon-name = 7"))
        self.deployment.process.send_signal(signal.SIGHUP)
        self.deployment.wait_for_log("kept the previous configuration")
        self.assertIn("imprint.toml:", self.deployment.server_log())
        self.assertIn("After the reload", self.subject_of_a_new_certificate())
        self.assertFalse(device.gone.is_set())


class Durability(unittest.TestCase):
    def test_one_serial_on_several_connections_ends_with_one_thing_and_one_certificate(self):
        """The same unit registers on six connections at once while the server is killed, four times in a row."""
        with Deployment() as deployment:
            deployment.set_up_mission()
            claim = deployment.make_claim()
            _, csr = make_csr(deployment.scratch, "unit")

            def onboard(number):
                try:
                    device = Device(deployment.mqtt_port, claim / "claim.pem", claim / "claim.key", claim / "root-ca.pem", f"unit-{number}").connect()
                    try:
                        ok, created = device.request(CREATE_CSR, {"certificateSigningRequest": csr})
                        return device.request(PROVISION, {"certificateOwnershipToken": created["certificateOwnershipToken"],
                                                          "parameters": {"SerialNumber": "unit", "FirmwareVersion": "1.0.0"}}) if ok else (ok, created)
                    finally:
                        device.close()
                except (Refused, queue.Empty, OSError) as error:  # the server has just been killed
                    return False, error

            for round_number in range(4):
                with concurrent.futures.ThreadPoolExecutor(6) as connections:
                    answers = [connections.submit(onboard, number) for number in range(6)]
                    time.sleep(0.02 + 0.05 * round_number)
                    deployment.stop(how=signal.SIGKILL)
                    concurrent.futures.wait(answers, timeout=DEADLINE)
                deployment.start()
            ok, answer = onboard("at-last")
            self.assertTrue(ok, answer)
            self.assertEqual(answer["thingName"], "device-unit")
            iot = deployment.boto3()
            self.assertEqual(len(iot.list_things()["things"]), 1)
            principals = iot.list_thing_principals(thingName="device-unit")["principals"]
            states = [iot.describe_certificate(certificateId=arn.split("/")[-1])["certificateDescription"]["status"] for arn in principals]
            self.assertEqual(states.count("ACTIVE"), 1, states)

    def test_what_was_acknowledged_survives_sigkill_under_load(self):
        """A device's files are written once its answer has arrived, so their existence proves acknowledgement."""
        with Deployment() as deployment:
            deployment.set_up_mission()
            claim = deployment.make_claim()
            kept = deployment.scratch / "kept"
            for round_number in range(5):
                fleet = subprocess.Popen(
                    [str(BIN / "imprint"), "fleet", str(deployment.data), "--devices", "100000", "--template", "FleetProvisioningTemplate",
                     "--claim", str(claim), "--concurrency", "32", "--serial-prefix", f"k{round_number}-", "--timeout", "3s", "--no-reconnect",
                     "--save-to", str(kept), "--output", "json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                seen = len(list(kept.glob("**/*.key"))) if kept.exists() else 0
                for _ in range(600):  # until this round has onboarded some devices, and a little longer
                    if kept.exists() and len(list(kept.glob("**/*.key"))) > seen + 20 * round_number:
                        break
                    time.sleep(0.05)
                time.sleep(0.037 * round_number)
                deployment.stop(how=signal.SIGKILL)
                fleet.kill()
                fleet.wait(timeout=60)
                deployment.start()
            acknowledged = {path.stem for path in kept.glob("**/*.key")}
            self.assertGreater(len(acknowledged), 50)
            iot = deployment.boto3()
            things = {thing["thingName"] for page in iot.get_paginator("list_things").paginate(PaginationConfig={"PageSize": 250}) for thing in page["things"]}
            self.assertEqual(acknowledged - things, set(), "acknowledged and lost")
            database = sqlite3.connect(f"file:{deployment.data / 'imprint.db'}?mode=ro", uri=True)
            self.addCleanup(database.close)
            active = database.execute("SELECT thing, sum(c.status = 'ACTIVE') FROM thing_principals p JOIN certificates c ON c.id = p.certificate GROUP BY thing").fetchall()
            self.assertEqual({thing for thing, _ in active}, things, "a thing without a certificate")
            self.assertEqual([row for row in active if row[1] != 1], [], "not exactly one active certificate")


if __name__ == "__main__":
    unittest.main()
