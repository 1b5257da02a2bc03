# SPDX-License-Identifier: Apache-2.0
"""The AWS IoT Device SDK v2, MQTT.js and @aws-sdk/client-iot, unmodified (npm), through the whole flow."""
import configparser
import json
import pathlib
import unittest

from deployment import Deployment, run
from test_provisioning import make_csr

HERE = pathlib.Path(__file__).parent


class JavaScript(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment()
        cls.addClassCleanup(cls.deployment.close)
        cls.deployment.set_up_mission()
        cls.claim = cls.deployment.make_claim()

    def test_every_device_client_gets_its_identity(self):
        for client in ("classic311", "classic5", "v2-311", "v2-5", "mqttjs4", "mqttjs5"):
            for flow in ("keys", "csr"):
                with self.subTest(client=client, flow=flow):
                    serial = f"{client}-{flow}"
                    extra = []
                    if flow == "csr":
                        make_csr(self.deployment.scratch, serial)
                        extra = [self.deployment.scratch / f"{serial}.csr"]
                    done = run(["node", HERE / "sdk_flow.mjs", client, self.deployment.mqtt_port, self.claim, "FleetProvisioningTemplate", serial, *extra],
                               check=False, cwd=HERE)
                    answer = json.loads(done.stdout.strip().splitlines()[-1]) if done.stdout.strip() else {"stderr": done.stderr}
                    self.assertTrue(answer.get("ok"), answer)
                    self.assertEqual(answer["thingName"], f"device-{serial}")
                    self.assertEqual(answer["deviceConfiguration"], {})
                    self.assertEqual(answer["hasKey"], flow == "keys")

    def test_a_rejection_reaches_the_sdk_as_a_modelled_error(self):
        done = run(["node", HERE / "sdk_flow.mjs", "v2-5", self.deployment.mqtt_port, self.claim, "FleetProvisioningTemplate", "a b"], check=False, cwd=HERE)
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        self.assertFalse(answer["ok"])
        self.assertEqual(answer["modeled"]["statusCode"], 400)
        self.assertEqual(answer["modeled"]["errorCode"], "InvalidParameters")
        self.assertIn("a b", answer["modeled"]["errorMessage"])

    def test_client_iot(self):
        credentials = configparser.ConfigParser()
        credentials.read(self.deployment.data / "admin.credentials")
        profile = credentials["default"]
        done = run(["node", HERE / "client_iot.mjs", self.deployment.http, profile["aws_access_key_id"], profile["aws_secret_access_key"],
                    self.deployment.data / "root-ca.pem"], cwd=HERE)
        self.assertEqual(done.stdout, "ok\n")


if __name__ == "__main__":
    unittest.main()
