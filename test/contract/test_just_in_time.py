# SPDX-License-Identifier: Apache-2.0
"""Devices whose certificates were signed by an operator's own CA, with openssl, the AWS CLI, boto3 and mosquitto's clients."""
import json
import os
import secrets
import signal
import ssl
import threading
import unittest
import urllib.request

import paho.mqtt.client as paho

from deployment import BIN, DEADLINE, Deployment, POLICY, ROLE, ROOT, debian_aws, run

JITP = ROOT / "examples/jitp-template.json"
CLIENT_AUTH = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n"


class Authority:
    """A CA made by openssl; `issuer` makes it an intermediate."""

    def __init__(self, folder, name, issuer=None, days=3650):
        self.key, self.pem, self.folder = folder / f"{name}.key", folder / f"{name}.pem", folder
        extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
        run(["openssl", "genrsa", "-out", self.key, "2048"])
        if issuer is None:
            run(["openssl", "req", "-x509", "-new", "-nodes", "-key", self.key, "-sha256", "-days", days, "-out", self.pem,
                 "-subj", f"/C=US/O=MyCompany/CN={name}"])
        else:
            issuer.sign(self.key, self.pem, f"/O=MyCompany/CN={name}", extensions)

    def sign(self, key, pem, subject, extensions=CLIENT_AUTH, days=365):
        csr, config = key.with_suffix(".csr"), key.with_suffix(".ext")
        config.write_text(extensions)
        run(["openssl", "req", "-new", "-key", key, "-out", csr, "-subj", subject])
        run(["openssl", "x509", "-req", "-in", csr, "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial", "-out", pem, "-days", days,
             "-sha256", "-extfile", config])

    def device(self, name, algorithm="ec", subject=None, days=365, chain=()):
        """Makes the key and certificate of a device; `chain` is sent with it."""
        key, pem = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        if algorithm == "ec":
            run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key])
        else:
            run(["openssl", "genrsa", "-out", key, "2048"])
        self.sign(key, pem, subject or f"/CN={name}", days=days)
        if chain:
            pem.write_text("".join(link.read_text() for link in (pem, *chain)))
        return key, pem


class WithOwnCa(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment()
        cls.addClassCleanup(cls.deployment.close)
        cls.folder = cls.deployment.scratch
        cls.iot = cls.deployment.boto3()
        cls.iot.create_policy(policyName="FleetDevicePolicy", policyDocument=POLICY.read_text())

    def register(self, authority, *options):
        answer = run([BIN / "imprint", "ca", "register", self.deployment.data, authority.pem, "--output", "json", *options])
        return json.loads(answer.stdout)["certificateId"]

    def publish(self, device, client_id):
        """Publishes one message with mosquitto_pub; returns whether it was accepted."""
        key, pem = device
        done = run(["mosquitto_pub", "-h", "127.0.0.1", "-p", self.deployment.mqtt_port, "--cafile", self.deployment.data / "root-ca.pem",
                    "--cert", pem, "--key", key, "-V", "mqttv311", "-i", client_id, "-q", 1, "-t", f"device/{client_id}/up", "-m", "hello"],
                   check=False)
        return done.returncode == 0

    def things(self):
        return [thing["thingName"] for page in self.iot.get_paginator("list_things").paginate() for thing in page["things"]]

    def told(self, *words, wanted):
        """The output of `imprint explain`, once it contains the expected text."""
        def story():
            return run([BIN / "imprint", "explain", self.deployment.data, *words]).stdout
        Deployment.wait_until(lambda: wanted in story())
        return story()

    @staticmethod
    def fingerprint(pem):
        done = run(["openssl", "x509", "-in", pem, "-noout", "-fingerprint", "-sha256"])
        return done.stdout.split("=")[1].strip().replace(":", "").lower()


class Provisioning(WithOwnCa):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ca = Authority(cls.folder, "Factory")
        cls.ca_id = cls.register(cls, cls.ca, "--key", cls.ca.key, "--body", JITP)

    def test_ecdsa_and_rsa_devices_are_admitted_at_once(self):
        for name, algorithm in (("jit-ec", "ec"), ("jit-rsa", "rsa")):
            with self.subTest(name):
                self.assertTrue(self.publish(self.ca.device(name, algorithm), name))
                self.assertIn(name, self.things())
                principals = self.iot.list_thing_principals(thingName=name)["principals"]
                self.assertEqual(len(principals), 1)
                described = self.iot.describe_certificate(certificateId=principals[0].split("/")[1])["certificateDescription"]
                self.assertEqual((described["status"], described["caCertificateId"]), ("ACTIVE", self.ca_id))

    def test_an_intermediate_is_accepted(self):
        line = Authority(self.folder, "Line", issuer=self.ca)
        self.assertFalse(self.publish(line.device("jit-alone"), "jit-alone"))
        self.assertTrue(self.publish(line.device("jit-line", chain=[line.pem]), "jit-line"))
        self.assertTrue(self.publish(line.device("jit-full", chain=[line.pem, self.ca.pem]), "jit-full"))

    def test_a_device_of_an_unregistered_ca_is_refused_and_explained(self):
        stranger = Authority(self.folder, "Stranger").device("jit-stranger")
        self.assertFalse(self.publish(stranger, "jit-stranger"))
        story = self.told("--certificate", self.fingerprint(stranger[1]), wanted="no registered CA certificate signed it")
        self.assertIn("imprint ca register", story)

    def test_an_impostor_of_the_ca_is_refused(self):
        folder = self.folder / "twin"
        folder.mkdir()
        twin = Authority(folder, "Factory")
        self.assertFalse(self.publish(twin.device("jit-twin"), "jit-twin"))
        self.assertNotIn("jit-twin", self.things())

    def test_an_expired_device_is_refused(self):
        expired = self.ca.device("jit-expired", days=-1)
        self.assertFalse(self.publish(expired, "jit-expired"))
        self.told("--certificate", self.fingerprint(expired[1]), wanted="expired")

    def test_an_inactive_ca_admits_no_new_devices_and_keeps_existing_ones(self):
        ca = Authority(self.folder, "Paused")
        ca_id = self.register(ca, "--key", ca.key, "--body", JITP)
        early = ca.device("jit-early")
        self.assertTrue(self.publish(early, "jit-early"))
        self.iot.update_ca_certificate(certificateId=ca_id, newStatus="INACTIVE")
        late = ca.device("jit-late")
        self.assertFalse(self.publish(late, "jit-late"))
        self.told("--certificate", self.fingerprint(late[1]), wanted="--new-status ACTIVE allows it")
        self.assertTrue(self.publish(early, "jit-early"))
        self.iot.update_ca_certificate(certificateId=ca_id, newStatus="ACTIVE")
        self.assertTrue(self.publish(late, "jit-late"))

    def test_hostile_subjects_end_in_a_refusal(self):
        before = self.things()
        for number, common_name in enumerate(["*", "a b", "${iot:ClientId}", "+", "#", "..", "x' OR '1'='1", "ü"]):
            with self.subTest(common_name):
                device = self.ca.device(f"hostile{number}", subject="/O=x/CN=" + common_name.replace("/", "\\/"))
                self.assertFalse(self.publish(device, f"hostile{number}"))
                self.told("--certificate", self.fingerprint(device[1]), wanted="just-in-time provisioning rejected")
        self.assertEqual(self.things(), before)

    def test_a_second_key_for_the_same_name_is_refused(self):
        first = self.ca.device("jit-double")
        self.assertTrue(self.publish(first, "jit-double"))
        clone = self.ca.device("jit-clone", subject="/CN=jit-double")
        self.assertFalse(self.publish(clone, "jit-double"))
        self.told("--certificate", self.fingerprint(clone[1]), wanted="in use with another key")
        self.assertTrue(self.publish(first, "jit-double"))
        story = self.told("--thing", "jit-double", wanted="alarm raised")
        self.assertIn("imprint reprovision allow", story)
        metrics = urllib.request.urlopen(self.deployment.http + "/metrics", context=ssl.create_default_context(
            cafile=self.deployment.data / "root-ca.pem")).read().decode()
        self.assertIn('imprint_alarms_total{alarm="duplicate-device"} 1', metrics)
        run([BIN / "imprint", "reprovision", "allow", self.deployment.data, "jit-double", "--valid-for", "1h"])
        self.assertTrue(self.publish(clone, "jit-double"))
        Deployment.wait_until(lambda: not self.publish(first, "jit-double"))
        self.told("--certificate", self.fingerprint(first[1]), wanted="replaced it when its device registered again")

    def test_the_device_succeeds_after_the_template_is_corrected(self):
        ca = Authority(self.folder, "Typo")
        body = JITP.read_text().replace("FleetDevicePolicy", "FleetDevicePolicyy")
        (self.folder / "typo.json").write_text(body)
        ca_id = self.register(ca, "--sni-only", "--body", self.folder / "typo.json")
        device = ca.device("jit-typo")
        self.assertFalse(self.publish(device, "jit-typo"))
        certificates = self.iot.list_certificates_by_ca(caCertificateId=ca_id)["certificates"]
        self.assertEqual([one["status"] for one in certificates], ["PENDING_ACTIVATION"])
        self.told("--certificate", self.fingerprint(device[1]), wanted="FleetDevicePolicyy")
        self.iot.update_ca_certificate(certificateId=ca_id, registrationConfig={"templateBody": JITP.read_text(), "roleArn": ROLE})
        self.assertTrue(self.publish(device, "jit-typo"))


class ModeAws(WithOwnCa):
    def setUp(self):
        settings = self.deployment.data / "imprint.toml"
        settings.write_text(settings.read_text().replace('#jitp = "inline"', 'jitp = "aws"'))
        self.deployment.process.send_signal(signal.SIGHUP)
        self.deployment.wait_for_log("reloaded")

    def test_the_first_connection_is_closed_and_the_second_accepted(self):
        ca = Authority(self.folder, "Factory")
        self.iot.create_provisioning_template(templateName="Jitp", type="JITP", enabled=True, provisioningRoleArn=ROLE,
                                              templateBody=JITP.read_text())
        self.register(ca, "--key", ca.key, "--template", "Jitp")
        device = ca.device("jit-aws")
        self.assertFalse(self.publish(device, "jit-aws"))
        self.assertEqual(self.things(), ["jit-aws"])
        self.assertTrue(self.publish(device, "jit-aws"))


class Registration(WithOwnCa):
    def test_an_event_is_published_and_boto3_activates(self):
        ca = Authority(self.folder, "Factory")
        ca_id = self.register(ca, "--key", ca.key)
        events = self.watch(f"$aws/events/certificates/registered/{ca_id}")
        device = ca.device("jitr-1")
        self.assertFalse(self.publish(device, "jitr-1"))
        self.assertFalse(self.publish(device, "jitr-1"))
        Deployment.wait_until(lambda: len(events) >= 2)
        self.assertEqual(len(events), 2)
        for event in events:
            self.assertEqual({**event, "timestamp": 0, "certificateRegistrationTimestamp": ""},
                             {"certificateId": self.fingerprint(device[1]), "caCertificateId": ca_id, "timestamp": 0,
                              "certificateStatus": "PENDING_ACTIVATION", "awsAccountId": "000000000000", "certificateRegistrationTimestamp": ""})
        self.assertEqual(*(event["certificateRegistrationTimestamp"] for event in events))
        certificate_id = events[0]["certificateId"]
        arn = self.iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]["certificateArn"]
        self.iot.create_thing(thingName="jitr-1")
        self.iot.attach_thing_principal(thingName="jitr-1", principal=arn)
        self.iot.attach_policy(policyName="FleetDevicePolicy", target=arn)
        self.iot.update_certificate(certificateId=certificate_id, newStatus="ACTIVE")
        self.assertTrue(self.publish(device, "jitr-1"))

    def watch(self, topic):
        """Subscribes with a certificate of the deployment; returns the list of messages received."""
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})
        self.iot.create_policy(policyName="Watcher", policyDocument=policy)
        made = self.iot.create_keys_and_certificate(setAsActive=True)
        self.iot.attach_policy(policyName="Watcher", target=made["certificateArn"])
        (self.folder / "watcher.pem").write_text(made["certificatePem"])
        (self.folder / "watcher.key").write_text(made["keyPair"]["PrivateKey"])
        events, subscribed = [], threading.Event()
        client = paho.Client("watcher", protocol=paho.MQTTv311)
        client.tls_set(ca_certs=str(self.deployment.data / "root-ca.pem"), certfile=str(self.folder / "watcher.pem"),
                       keyfile=str(self.folder / "watcher.key"))
        client.on_connect = lambda client, data, flags, code: client.subscribe(topic, 1)
        client.on_subscribe = lambda *_: subscribed.set()
        client.on_message = lambda client, data, message: events.append(json.loads(message.payload))
        client.connect("localhost", self.deployment.mqtt_port)
        client.loop_start()
        self.addCleanup(client.loop_stop)
        self.addCleanup(client.disconnect)
        self.assertTrue(subscribed.wait(DEADLINE))
        return events


HOOK = """import json, sys
for line in sys.stdin:
    event = json.loads(line)
    name = event["clientId"]
    answer = {"action": "reject"} if name.startswith("bad") else {
        "action": "activate", "policies": ["FleetDevicePolicy"], "thing": {"thingName": name, "attributes": {"ca": event["caCertificateId"][:8]}}}
    print(json.dumps({"action": "pending"} if name.startswith("later") else answer), flush=True)
"""


class ActivationHook(WithOwnCa):
    def test_a_program_decides_within_the_first_connect(self):
        (self.folder / "hook.py").write_text(HOOK)
        self.assertEqual(self.deployment.stop(), 0)
        with open(self.deployment.data / "imprint.toml", "a") as file:
            file.write('\n[[hook]]\narn = "arn:aws:iot:*:*:cacert/*"\ntransport = "command"\n'
                       f'command = ["/usr/bin/python3", "{self.folder / "hook.py"}"]\nconcurrency = 2\n')
        self.deployment.start()
        type(self).iot = self.deployment.boto3()
        ca = Authority(self.folder, "Hooked")
        ca_id = self.register(ca, "--key", ca.key)
        good, bad, later = (ca.device(name) for name in ("good-1", "bad-1", "later-1"))
        self.assertTrue(self.publish(good, "good-1"))
        self.assertEqual(self.iot.describe_thing(thingName="good-1")["attributes"], {"ca": ca_id[:8]})
        self.assertFalse(self.publish(bad, "bad-1"))
        self.assertFalse(self.publish(later, "later-1"))
        states = {one["certificateId"]: one["status"] for one in self.iot.list_certificates_by_ca(caCertificateId=ca_id)["certificates"]}
        self.assertEqual([states[self.fingerprint(device[1])] for device in (good, bad, later)], ["ACTIVE", "REVOKED", "PENDING_ACTIVATION"])
        self.told("--certificate", self.fingerprint(bad[1]), wanted="REVOKED")


class Registering(WithOwnCa):
    def test_the_example_commands_lead_to_a_connected_device(self):
        with Deployment() as deployment:
            environment = {**os.environ, "IMPRINT_BIN": str(BIN), "PATH": f"{os.path.dirname(debian_aws())}:{os.environ['PATH']}"}
            done = run([ROOT / "examples/own-ca.sh", deployment.data.name, "made"], env=environment, timeout=3 * DEADLINE, cwd=deployment.scratch)
            self.assertIn("== all of it as it should be", done.stdout)
            self.assertIn("provisioned as sensor-1 at its first connection", done.stdout)

    def test_a_template_is_checked_against_certificates_before_the_first_device_connects(self):
        ca, other = Authority(self.folder, "Lint"), Authority(self.folder, "Foreign")
        line = Authority(self.folder, "LintLine", issuer=ca)
        rows = [
            ("fits", [ca.device("lint-1")[1]], 0, "needs CN in the subject"),
            ("lacks its name", [ca.device("lint-2", subject="/O=MyCompany")[1]], 1, 'the subject "O=MyCompany" has no CN'),
            ("makes no name", [ca.device("lint-3", subject="/CN=a b")[1]], 1, "CN=a b"),
            ("of another CA", [other.device("lint-4")[1]], 1, "does not verify"),
            ("expired", [ca.device("lint-5", days=-1)[1]], 1, "has expired"),
            ("behind an intermediate", [line.device("lint-6", chain=[line.pem])[1]], 0, "needs CN"),
        ]
        for name, devices, code, wanted in rows:
            with self.subTest(name):
                shown = [word for pem in devices for word in ("--certificate", pem)]
                done = run([BIN / "imprint", "template", "lint", JITP, "--ca", ca.pem, *shown], check=False)
                self.assertEqual(done.returncode, code, done.stdout + done.stderr)
                self.assertIn(wanted, done.stdout)

    def odd_device(self, ca, name, key=(), subject=None, extensions=CLIENT_AUTH, sign=(), csr=()):
        """A device certificate in one of the many styles of factories; the lists are openssl options."""
        key_file, pem, request, config = (self.folder / f"{name}.{ending}" for ending in ("key", "pem", "csr", "ext"))
        config.write_text(extensions)
        run(["openssl", "genpkey", *(key or ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")), "-out", key_file])
        run(["openssl", "req", "-new", "-key", key_file, "-out", request, "-subj", subject or f"/CN={name}", *csr])
        run(["openssl", "x509", "-req", "-in", request, "-CA", ca.pem, "-CAkey", ca.key, "-set_serial", str(secrets.randbits(60)),
             "-out", pem, "-days", "365", *(("-extfile", config) if extensions else ()), *(sign or ("-sha256",))])
        return key_file, pem

    def test_what_lint_passes_the_handshake_accepts(self):
        ca = Authority(self.folder, "Odd")
        (self.folder / "config.json").write_text(json.dumps({"templateBody": JITP.read_text(), "roleArn": ROLE}))
        self.register(ca, "--key", ca.key, "--body", self.folder / "config.json")
        plain = "basicConstraints=critical,CA:FALSE\n"
        rows = {
            "odd-sha1": {"sign": ("-sha1",)},
            "odd-md5": {"sign": ("-md5",)},
            "odd-sha384": {"sign": ("-sha384",)},
            "odd-sha512": {"sign": ("-sha512",)},
            "odd-pss": {"sign": ("-sha256", "-sigopt", "rsa_padding_mode:pss")},
            "odd-p384": {"key": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")},
            "odd-k1": {"key": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1")},
            "odd-ed25519": {"key": ("-algorithm", "ED25519")},
            "odd-rsa1024": {"key": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")},
            "odd-rsa3072": {"key": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072")},
            "odd-v1": {"extensions": ""},
            "odd-noku": {"extensions": plain},
            "odd-encipher": {"extensions": plain + "keyUsage=critical,keyEncipherment\n"},
            "odd-agree": {"extensions": plain + "keyUsage=critical,keyAgreement\n"},
            "odd-server": {"extensions": plain + "extendedKeyUsage=serverAuth\n"},
            "odd-both": {"extensions": plain + "extendedKeyUsage=serverAuth,clientAuth\n"},
            "odd-anyeku": {"extensions": plain + "extendedKeyUsage=anyExtendedKeyUsage\n"},
            "odd-code": {"extensions": plain + "extendedKeyUsage=critical,codeSigning\n"},
            "odd-ca": {"extensions": "basicConstraints=critical,CA:TRUE\n"},
            "odd-critical": {"extensions": plain + "1.2.3.4=critical,ASN1:UTF8String:x\n"},
            "odd-policy": {"extensions": plain + "certificatePolicies=1.2.3.4\n"},
            "odd-constraints": {"extensions": plain + "nameConstraints=critical,permitted;DNS:example.org\n"},
            "odd-netscape": {"extensions": plain + "nsCertType=server\n"},
            "odd-utf8": {"subject": "/O=Größe/CN=odd-utf8", "csr": ("-utf8",)},
            "odd-two": {"subject": "/CN=odd-two/CN=odd-second"},
            "odd-empty": {"subject": "/"},
            "odd-long": {"subject": "/CN=" + "x" * 64},
        }
        for name, made in rows.items():
            with self.subTest(name):
                device = self.odd_device(ca, name, **made)
                lint = run([BIN / "imprint", "template", "lint", self.folder / "config.json", "--ca", ca.pem, "--certificate", device[1]],
                           check=False)
                self.assertIn(lint.returncode, (0, 1), lint.stderr)
                common_name = made.get("subject", "/CN=" + name).split("CN=")[-1]
                client = common_name if name == "odd-long" else name
                self.assertEqual(self.publish(device, client), lint.returncode == 0, f"{name}: {lint.stdout}")

    def test_a_revoked_device_is_refused_until_its_revocation_is_lifted(self):
        ca = Authority(self.folder, "Revoking")
        self.register(ca, "--key", ca.key, "--body", JITP)
        device = ca.device("returned")
        self.assertTrue(self.publish(device, "returned"))
        identifier = self.fingerprint(device[1])
        arn = self.iot.describe_certificate(certificateId=identifier)["certificateDescription"]["certificateArn"]
        self.iot.update_certificate(certificateId=identifier, newStatus="REVOKED")
        self.iot.detach_thing_principal(thingName="returned", principal=arn)
        self.iot.delete_thing(thingName="returned")
        self.iot.delete_certificate(certificateId=identifier, forceDelete=True)
        self.assertFalse(self.publish(device, "returned"))
        self.assertNotIn("returned", self.things())
        self.told("--certificate", identifier, wanted=f"imprint revocation lift DIR {identifier}")
        with self.assertRaises(self.iot.exceptions.CertificateStateException):
            self.iot.register_certificate(certificatePem=device[1].read_text(), caCertificatePem=ca.pem.read_text(), status="ACTIVE")
        listed = run([BIN / "imprint", "revocation", "list", self.deployment.data]).stdout
        self.assertIn(identifier, listed)
        run([BIN / "imprint", "revocation", "lift", self.deployment.data, arn])
        self.assertTrue(self.publish(device, "returned"))
        self.assertNotIn(identifier, run([BIN / "imprint", "revocation", "list", self.deployment.data]).stdout)
        again = run([BIN / "imprint", "revocation", "lift", self.deployment.data, identifier], check=False)
        self.assertIn("is ACTIVE and still registered", again.stderr)
        self.told("--certificate", identifier, wanted="lift")

    def test_the_tool_reports_errors(self):
        ca, other = Authority(self.folder, "One"), Authority(self.folder, "Other")
        device = ca.device("leaf")
        rows = [
            ("no proof", [ca.pem], 2, "--sni-only"),
            ("another key", [ca.pem, "--key", other.key], 2, "does not match the CA certificate"),
            ("no CA", [device[1], "--sni-only"], 2, "CA:TRUE"),
            ("no template", [ca.pem, "--sni-only", "--template", "Absent"], 1, "Absent"),
            ("both", [ca.pem, "--sni-only", "--template", "A", "--body", JITP], 2, "contradict"),
            ("no file", ["/nowhere.pem", "--sni-only"], 2, "/nowhere.pem"),
        ]
        for name, words, code, because in rows:
            with self.subTest(name):
                done = run([BIN / "imprint", "ca", "register", self.deployment.data, *words], check=False)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(because, done.stderr)
        self.register(ca, "--key", ca.key)
        again = run([BIN / "imprint", "ca", "register", self.deployment.data, ca.pem, "--key", ca.key], check=False)
        self.assertIn("already registered", again.stderr)
        listed = run([BIN / "imprint", "ca", "list", self.deployment.data]).stdout
        self.assertIn("CN=One", listed)
        self.assertIn("activated by an operator", listed)


if __name__ == "__main__":
    unittest.main()
