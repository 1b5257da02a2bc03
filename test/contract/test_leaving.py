# SPDX-License-Identifier: Apache-2.0
"""Leaving Imprint: mosquitto and the AWS CLI accept what `imprint export` writes."""
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
import unittest

import paho.mqtt.client as paho

from deployment import BIN, DEADLINE, Deployment, run


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Client:
    """A device of mosquitto: connects, publishes, and records the messages it receives."""

    def __init__(self, port, device, ca, client_id):
        self.received, self.connected, self.gone = [], threading.Event(), threading.Event()
        self.client = paho.Client(client_id, protocol=paho.MQTTv311)
        self.client.tls_set(ca_certs=str(ca), certfile=f"{device}.pem", keyfile=f"{device}.key")
        self.client.on_connect = lambda client, data, flags, code: self.connected.set() if code == 0 else None
        self.client.on_disconnect = lambda *_: self.gone.set()
        self.subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = lambda client, data, message: self.received.append((message.topic, message.payload))
        self.client.connect("localhost", port, keepalive=60)
        self.client.loop_start()

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class Mosquitto(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = deployment = Deployment()
        cls.addClassCleanup(deployment.close)
        deployment.set_up_mission()
        claim = deployment.make_claim()
        saved = deployment.scratch / "saved"
        run([BIN / "imprint", "fleet", deployment.data, "--devices", "3", "--template", "FleetProvisioningTemplate",
             "--claim", claim, "--save-to", saved])
        iot = deployment.boto3()
        # The fleet saves each device's certificate and key under its thing's name.
        cls.devices = {thing["thingName"]: saved / thing["thingName"] for thing in iot.list_things()["things"]}
        cls.good, cls.other, cls.bad = sorted(cls.devices)
        principal = iot.list_thing_principals(thingName=cls.bad)["principals"][0]
        iot.update_certificate(certificateId=principal.split("/")[1], newStatus="REVOKED")
        cls.folder = deployment.scratch / "mosquitto"
        run([BIN / "imprint", "export", deployment.data, cls.folder, "--format", "mosquitto"])
        cls.start_mosquitto()

    @classmethod
    def start_mosquitto(cls):
        cls.port = free_port()
        shutil.copy(cls.deployment.data / "server/server.key", cls.folder / "server.key")
        configuration = cls.folder / "mosquitto.conf"
        # As its package would start it, except for the port and the account that tests run under.
        configuration.write_text(configuration.read_text().replace("listener 8883", f"listener {cls.port} 127.0.0.1") + "user root\n")
        cls.log = open(cls.folder / "log", "w")
        cls.process = subprocess.Popen(["/usr/sbin/mosquitto", "-v", "-c", "mosquitto.conf"], cwd=cls.folder, stdout=cls.log, stderr=cls.log)
        cls.addClassCleanup(cls.stop_mosquitto)
        for _ in range(DEADLINE * 10):
            try:
                socket.create_connection(("127.0.0.1", cls.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError((cls.folder / "log").read_text())

    @classmethod
    def stop_mosquitto(cls):
        cls.process.terminate()
        cls.process.wait(timeout=DEADLINE)
        cls.log.close()

    def client(self, name, client_id=None):
        client = Client(self.port, self.devices[name], self.deployment.data / "root-ca.pem", client_id or name)
        self.addCleanup(client.close)
        self.assertTrue(client.connected.wait(DEADLINE), (self.folder / "log").read_text()[-2000:])
        return client

    def test_an_onboarded_device_works_within_its_topics(self):
        device = self.client(self.good)
        own, foreign = f"device/{self.good}/x", f"device/{self.other}/x"
        device.client.subscribe([(own, 1), (foreign, 1)])
        neighbour = self.client(self.other)
        neighbour.client.subscribe([(own, 1), (foreign, 1)])
        for one in (device, neighbour):
            self.assertTrue(one.subscribed.wait(DEADLINE))
        device.client.publish(foreign, b"no", qos=1).wait_for_publish(DEADLINE)
        device.client.publish(own, b"yes", qos=1).wait_for_publish(DEADLINE)
        neighbour.client.publish(own, b"no", qos=1).wait_for_publish(DEADLINE)
        neighbour.client.publish(foreign, b"mine", qos=1).wait_for_publish(DEADLINE)
        for _ in range(DEADLINE * 20):
            if device.received and neighbour.received:
                break
            time.sleep(0.05)
        self.assertEqual(device.received, [(own, b"yes")])
        self.assertEqual(neighbour.received, [(foreign, b"mine")])

    def test_a_revoked_device_is_refused(self):
        context = ssl.create_default_context(cafile=str(self.deployment.data / "root-ca.pem"))
        context.load_cert_chain(f"{self.devices[self.bad]}.pem", f"{self.devices[self.bad]}.key")
        with self.assertRaises((ssl.SSLError, ConnectionError)) as refused:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", self.port)), server_hostname="localhost") as stream:
                stream.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x")
                stream.settimeout(DEADLINE)
                if stream.recv(1) == b"":
                    raise ConnectionError("closed without an answer")
        self.assertIsNotNone(refused.exception)
        self.assertIn("certificate verify failed", (self.folder / "log").read_text())
        bundle = self.folder / "all.pem"
        bundle.write_text((self.folder / "ca.pem").read_text() + (self.folder / "revoked.pem").read_text())
        for name, expected in ((self.good, "OK"), (self.bad, "certificate revoked")):
            verdict = run(["openssl", "verify", "-crl_check", "-CAfile", bundle, f"{self.devices[name]}.pem"], check=False)
            self.assertIn(expected, verdict.stdout + verdict.stderr)

    def test_the_claim_is_refused(self):
        claim = self.deployment.scratch / "claim"
        context = ssl.create_default_context(cafile=str(self.deployment.data / "root-ca.pem"))
        context.load_cert_chain(claim / "claim.pem", claim / "claim.key")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            with context.wrap_socket(socket.create_connection(("127.0.0.1", self.port)), server_hostname="localhost") as stream:
                stream.settimeout(DEADLINE)
                stream.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x")
                if stream.recv(1) == b"":
                    raise ConnectionError("closed without an answer")

    def test_the_report_names_what_cannot_be_expressed(self):
        report = (self.folder / "report.txt").read_text()
        self.assertIn("cannot tell these clients apart", report)
        self.assertIn("grants every subscription", report)


class Aws(unittest.TestCase):
    def test_the_calls_are_inputs_of_the_cli(self):
        with Deployment() as deployment, Deployment() as other:
            deployment.set_up_mission()
            iot = deployment.boto3()
            iot.create_thing_group(thingGroupName="unprovisioned-below", parentGroupName="unprovisioned-devices",
                                   thingGroupProperties={"thingGroupDescription": "it's a \"test\""})
            made = iot.create_keys_and_certificate(setAsActive=True)
            iot.create_thing(thingName="sensor", thingTypeName="SmartSensor", attributePayload={"attributes": {"site": "hall"}})
            iot.attach_thing_principal(thingName="sensor", principal=made["certificateArn"])
            iot.attach_policy(policyName="FleetDevicePolicy", target=made["certificateArn"])
            folder = deployment.scratch / "aws"
            run([BIN / "imprint", "export", deployment.data, folder, "--format", "aws"])
            for call in sorted((folder / "calls").iterdir()):
                call.write_text(call.read_text().replace("ACCOUNT_OF_IMPRINT", "000000000000"))
                other.aws("iot", call.name.split(".")[1], "--cli-input-json", f"file://{call}")
            theirs = other.boto3()
            self.assertEqual(theirs.describe_thing_group(thingGroupName="unprovisioned-below")["thingGroupMetadata"]["parentGroupName"],
                             "unprovisioned-devices")
            self.assertEqual(json.loads(theirs.get_policy(policyName="FleetDevicePolicy")["policyDocument"]),
                             json.loads(iot.get_policy(policyName="FleetDevicePolicy")["policyDocument"]))
            lines = [json.loads(line) for line in (folder / "bulk/0001.ndjson").read_text().splitlines()]
            self.assertEqual([(line["ThingName"], line["Attribute1"], line["CertificatePem"]) for line in lines],
                             [("sensor", "hall", made["certificatePem"])])


if __name__ == "__main__":
    unittest.main()
