# SPDX-License-Identifier: Apache-2.0
"""Terraform's AWS provider, for real: apply, a plan without changes, changes, destroy. Skipped with a message if Terraform is not installed."""
import glob
import os
import pathlib
import shutil
import unittest

from deployment import Deployment, ROOT, run

RESOURCES = ROOT / "examples/terraform"
MINUTES = 60


def mirror():
    """The folder of the AWS provider's plug-in, if installed; nothing is downloaded."""
    places = [os.environ.get("TF_PLUGIN_MIRROR"), "/opt/tf-plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"]
    for place in filter(None, places):
        if glob.glob(f"{place}/registry.terraform.io/hashicorp/aws/*"):
            return place
    return None


def why_not():
    if shutil.which("terraform") is None:
        return "terraform is not installed"
    return None if mirror() else "the AWS provider is not installed (TF_PLUGIN_MIRROR names its folder)"


@unittest.skipIf(why_not(), f"Terraform was not tried: {why_not()}")
class Terraform(unittest.TestCase):
    def setUp(self):
        self.deployment = Deployment()
        self.addCleanup(self.deployment.close)
        self.folder = self.deployment.scratch / "terraform"
        shutil.copytree(RESOURCES, self.folder)
        (self.folder / "mirror.tfrc").write_text(f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror()}" }}\n}}\n')
        self.terraform("init", "-input=false")

    def terraform(self, *words, check=True):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        environment.update(TF_CLI_CONFIG_FILE=str(self.folder / "mirror.tfrc"), TF_IN_AUTOMATION="1", CHECKPOINT_DISABLE="1",
                           TF_VAR_endpoint=self.deployment.http, TF_VAR_deployment=str(self.deployment.data))
        return run(["terraform", f"-chdir={self.folder}", words[0], "-no-color", *words[1:]], env=environment, check=check, timeout=5 * MINUTES)

    def expect_no_change(self):
        plan = self.terraform("plan", "-input=false", "-detailed-exitcode", check=False)
        self.assertEqual(plan.returncode, 0, plan.stdout)

    def apply(self):
        self.terraform("apply", "-input=false", "-auto-approve")
        self.expect_no_change()

    def change(self, before, after):
        file = self.folder / "main.tf"
        text = file.read_text()
        self.assertIn(before, text)
        file.write_text(text.replace(before, after))

    def test_apply_plan_change_destroy(self):
        self.apply()
        iot = self.deployment.boto3()
        self.assertEqual(iot.describe_thing(thingName="sensor-1")["attributes"], {"firmwareVersion": "1"})
        events = iot.describe_event_configurations()["eventConfigurations"]
        self.assertEqual((events["THING"]["Enabled"], events["JOB"]["Enabled"]), (True, False))
        self.assertEqual(len(iot.list_thing_principals(thingName="sensor-1")["principals"]), 1)
        # Values that were set return to their defaults when left out.
        self.change('"THING"                  = true', '"THING"                  = false')
        self.change('attributes      = { firmwareVersion = "1" }', 'attributes      = { firmwareVersion = "2" }')
        self.change("enabled               = true", "enabled               = false")
        self.change("allow_auto_registration = false", "allow_auto_registration = true")
        self.change('description = "in Dresden"', 'description = "in Ulm"')
        self.change('attribute_payload { attributes = { floor = "2" } }', "")
        self.apply()
        self.assertFalse(iot.describe_event_configurations()["eventConfigurations"]["THING"]["Enabled"])
        self.assertFalse(iot.describe_provisioning_template(templateName="FleetProvisioningTemplate")["enabled"])
        [ca] = iot.list_ca_certificates()["certificates"]
        ca = iot.describe_ca_certificate(certificateId=ca["certificateId"])["certificateDescription"]
        self.assertEqual((ca["status"], ca["autoRegistrationStatus"]), ("ACTIVE", "ENABLE"))
        self.terraform("destroy", "-input=false", "-auto-approve")
        self.assertEqual(iot.list_ca_certificates()["certificates"], [])
        self.assertEqual(iot.list_things()["things"], [])
        self.assertEqual(iot.list_certificates()["certificates"], [])
        self.assertEqual(iot.list_policies()["policies"], [])
        self.assertEqual(iot.list_thing_groups()["thingGroups"], [])
        self.assertEqual(iot.list_provisioning_templates()["templates"], [])


if __name__ == "__main__":
    unittest.main()
