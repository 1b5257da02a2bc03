# SPDX-License-Identifier: Apache-2.0
"""The REST API with boto3 and the AWS CLI, unmodified: results, modelled exceptions, paginators."""
import json
import signal
import unittest
import urllib.error
import urllib.request
import ssl

import paho.mqtt.client as paho

from deployment import Deployment, ROLE, TEMPLATE, run
from provisioning_client import Device, Refused
from test_provisioning import PROVISION, make_csr

ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})


class ControlPlane(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment()
        cls.addClassCleanup(cls.deployment.close)
        cls.iot = cls.deployment.boto3()

    def test_things_types_and_groups(self):
        iot = self.iot
        first = iot.create_thing_type(thingTypeName="Sensor", thingTypeProperties={"thingTypeDescription": "a b", "searchableAttributes": ["site"]})
        self.assertEqual(first["thingTypeId"], iot.create_thing_type(thingTypeName="Sensor", thingTypeProperties={
            "thingTypeDescription": "a b", "searchableAttributes": ["site"]})["thingTypeId"])
        with self.assertRaises(iot.exceptions.ResourceAlreadyExistsException):
            iot.create_thing_type(thingTypeName="Sensor")
        made = iot.create_thing(thingName="one", thingTypeName="Sensor", attributePayload={"attributes": {"site": "hall-1"}})
        self.assertEqual(made["thingArn"], "arn:aws:iot:us-east-1:000000000000:thing/one")
        with self.assertRaises(iot.exceptions.ResourceAlreadyExistsException) as again:
            iot.create_thing(thingName="one")
        self.assertTrue(again.exception.response["resourceArn"].endswith(":thing/one"))
        iot.update_thing(thingName="one", attributePayload={"attributes": {"room": "7", "site": ""}, "merge": True}, expectedVersion=1)
        described = iot.describe_thing(thingName="one")
        self.assertEqual((described["attributes"], described["version"], described["defaultClientId"]), ({"room": "7"}, 2, "one"))
        with self.assertRaises(iot.exceptions.VersionConflictException):
            iot.update_thing(thingName="one", attributePayload={"attributes": {}}, expectedVersion=1)
        with self.assertRaises(iot.exceptions.InvalidRequestException):
            iot.create_thing(thingName="two", attributePayload={"attributes": {"a": "no spaces here"}})
        iot.create_thing_group(thingGroupName="hall")
        iot.create_thing_group(thingGroupName="hall-1", parentGroupName="hall")
        iot.add_thing_to_thing_group(thingGroupName="hall-1", thingName="one")
        iot.add_thing_to_thing_group(thingGroupName="hall-1", thingName="one")
        with self.assertRaises(iot.exceptions.InvalidRequestException):
            iot.add_thing_to_thing_group(thingGroupName="hall", thingName="one")
        self.assertEqual([g["groupName"] for g in iot.list_thing_groups_for_thing(thingName="one")["thingGroups"]], ["hall-1"])
        self.assertEqual(iot.list_things_in_thing_group(thingGroupName="hall-1")["things"], ["one"])
        self.assertEqual(iot.describe_thing_group(thingGroupName="hall-1")["thingGroupMetadata"]["parentGroupName"], "hall")
        with self.assertRaises(iot.exceptions.InvalidRequestException):
            iot.delete_thing_group(thingGroupName="hall")
        iot.delete_thing(thingName="one")
        iot.delete_thing(thingName="one")  # AWS: no error
        with self.assertRaises(iot.exceptions.ResourceNotFoundException):
            iot.describe_thing(thingName="one")
        self.assertEqual(iot.list_things_in_thing_group(thingGroupName="hall-1")["things"], [])

    def test_pages_are_complete_while_things_are_added(self):
        iot = self.iot
        for number in range(25):
            iot.create_thing(thingName=f"page-{number:02}")
        names = []
        for page in iot.get_paginator("list_things").paginate(PaginationConfig={"PageSize": 4}):
            names += [thing["thingName"] for thing in page["things"] if thing["thingName"].startswith("page-")]
            iot.create_thing(thingName=f"aaa-{len(names)}")  # before every page: must neither repeat nor hide
        self.assertEqual(names, [f"page-{number:02}" for number in range(25)])
        with self.assertRaises(iot.exceptions.InvalidRequestException):
            iot.list_things(nextToken="no token of ours")

    def test_policies_versions_and_attachments(self):
        iot = self.iot
        self.assertEqual(iot.create_policy(policyName="P", policyDocument=ALLOW_ALL)["policyVersionId"], "1")
        with self.assertRaises(iot.exceptions.ResourceAlreadyExistsException):
            iot.create_policy(policyName="P", policyDocument=ALLOW_ALL)
        for bad in ("{}", "[", ALLOW_ALL.replace("iot:*", "iot:Fly"), ALLOW_ALL.replace("Allow", "Maybe")):
            with self.assertRaises(iot.exceptions.MalformedPolicyException) as malformed:
                iot.create_policy(policyName="bad", policyDocument=bad)
            self.assertTrue(malformed.exception.response["Error"]["Message"])
        for number in range(2, 6):
            self.assertEqual(iot.create_policy_version(policyName="P", policyDocument=ALLOW_ALL)["policyVersionId"], str(number))
        with self.assertRaises(iot.exceptions.VersionsLimitExceededException):
            iot.create_policy_version(policyName="P", policyDocument=ALLOW_ALL)
        iot.set_default_policy_version(policyName="P", policyVersionId="3")
        self.assertEqual(iot.get_policy(policyName="P")["defaultVersionId"], "3")
        certificate = iot.create_keys_and_certificate(setAsActive=True)
        iot.attach_policy(policyName="P", target=certificate["certificateArn"])
        iot.attach_policy(policyName="P", target=certificate["certificateArn"])
        self.assertEqual([p["policyName"] for p in iot.list_attached_policies(target=certificate["certificateArn"])["policies"]], ["P"])
        self.assertEqual(iot.list_targets_for_policy(policyName="P")["targets"], [certificate["certificateArn"]])
        with self.assertRaises(iot.exceptions.DeleteConflictException):
            iot.delete_policy(policyName="P")
        iot.detach_policy(policyName="P", target=certificate["certificateArn"])
        for version in ("1", "2", "4", "5"):
            iot.delete_policy_version(policyName="P", policyVersionId=version)
        iot.delete_policy(policyName="P")
        with self.assertRaises(iot.exceptions.ResourceNotFoundException):
            iot.get_policy(policyName="P")

    def test_the_life_of_a_certificate(self):
        iot, scratch = self.iot, self.deployment.scratch
        _, csr = make_csr(scratch, "life")
        made = iot.create_certificate_from_csr(certificateSigningRequest=csr)
        identifier = made["certificateId"]
        described = iot.describe_certificate(certificateId=identifier)["certificateDescription"]
        self.assertEqual((described["status"], described["customerVersion"], described["certificateMode"]), ("INACTIVE", 1, "DEFAULT"))
        self.assertLess(described["validity"]["notBefore"], described["validity"]["notAfter"])
        iot.update_certificate(certificateId=identifier, newStatus="ACTIVE")
        with self.assertRaises(iot.exceptions.CertificateStateException):
            iot.delete_certificate(certificateId=identifier)
        iot.create_thing(thingName="life")
        iot.attach_thing_principal(thingName="life", principal=made["certificateArn"])
        self.assertEqual(iot.list_principal_things(principal=made["certificateArn"])["things"], ["life"])
        with self.assertRaises(iot.exceptions.InvalidRequestException):
            iot.delete_thing(thingName="life")
        iot.update_certificate(certificateId=identifier, newStatus="INACTIVE")
        with self.assertRaises(iot.exceptions.DeleteConflictException):
            iot.delete_certificate(certificateId=identifier, forceDelete=True)
        iot.detach_thing_principal(thingName="life", principal=made["certificateArn"])
        iot.delete_certificate(certificateId=identifier)
        with self.assertRaises(iot.exceptions.ResourceNotFoundException):
            iot.describe_certificate(certificateId=identifier)
        with self.assertRaises(iot.exceptions.InvalidRequestException):
            iot.create_certificate_from_csr(certificateSigningRequest="nonsense")

    def test_templates_are_checked_versioned_and_limited(self):
        iot = self.iot
        body = TEMPLATE.read_text()
        made = iot.create_provisioning_template(templateName="T", templateBody=body, provisioningRoleArn=ROLE, description="x")
        self.assertEqual(made["defaultVersionId"], 1)
        self.assertFalse(iot.describe_provisioning_template(templateName="T")["enabled"])
        with self.assertRaises(iot.exceptions.InvalidRequestException) as wrong:
            iot.create_provisioning_template(templateName="W", templateBody=body.replace('"Ref": "SerialNumber"', '"Ref": "Serial"'), provisioningRoleArn=ROLE)
        self.assertIn("$.Resources.thing", wrong.exception.response["Error"]["Message"])
        for number in range(2, 6):
            self.assertEqual(iot.create_provisioning_template_version(templateName="T", templateBody=body, setAsDefault=number == 3)["versionId"], number)
        with self.assertRaises(iot.exceptions.VersionsLimitExceededException):
            iot.create_provisioning_template_version(templateName="T", templateBody=body)
        self.assertEqual(iot.describe_provisioning_template(templateName="T")["defaultVersionId"], 3)
        with self.assertRaises(iot.exceptions.DeleteConflictException):
            iot.delete_provisioning_template_version(templateName="T", versionId=3)
        iot.update_provisioning_template(templateName="T", enabled=True, defaultVersionId=5)
        versions = [v["versionId"] for page in iot.get_paginator("list_provisioning_template_versions").paginate(templateName="T", PaginationConfig={"PageSize": 2})
                    for v in page["versions"]]
        self.assertEqual(sorted(versions), [1, 2, 3, 4, 5])
        iot.delete_provisioning_template(templateName="T")
        with self.assertRaises(iot.exceptions.ResourceNotFoundException):
            iot.describe_provisioning_template(templateName="T")

    def test_register_thing_runs_a_template_in_the_body(self):
        iot, deployment = self.iot, self.deployment
        iot.create_policy(policyName="Registered", policyDocument=ALLOW_ALL)
        _, csr = make_csr(deployment.scratch, "registered")
        template = {"Parameters": {"Name": {"Type": "String"}, "CSR": {"Type": "String"}}, "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "Name"}, "AttributePayload": {"line": "7"}}},
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateSigningRequest": {"Ref": "CSR"}, "Status": "ACTIVE"}},
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "Registered"}}}}
        made = iot.register_thing(templateBody=json.dumps(template), parameters={"Name": "registered-1", "CSR": csr})
        self.assertIn("BEGIN CERTIFICATE", made["certificatePem"])
        certificate = made["resourceArns"]["certificate"]
        self.assertEqual(iot.list_thing_principals(thingName="registered-1")["principals"], [certificate])
        self.assertEqual([p["policyName"] for p in iot.list_attached_policies(target=certificate)["policies"]], ["Registered"])
        described = iot.describe_certificate(certificateId=certificate.split("/")[1])["certificateDescription"]
        self.assertEqual((described["status"], described["certificatePem"]), ("ACTIVE", made["certificatePem"]))
        template["Resources"]["policy"]["Properties"]["PolicyName"] = "Absent"
        before = len(iot.list_certificates(pageSize=250)["certificates"])
        with self.assertRaises(iot.exceptions.ResourceRegistrationFailureException):
            iot.register_thing(templateBody=json.dumps(template), parameters={"Name": "registered-2", "CSR": csr})
        self.assertEqual(len(iot.list_certificates(pageSize=250)["certificates"]), before)
        with self.assertRaises(iot.exceptions.ResourceNotFoundException):
            iot.describe_thing(thingName="registered-2")

    def test_bulk_registration_survives_a_killed_server(self):
        with Deployment() as deployment:
            lines = []
            for number in range(300):
                lines.append("not JSON" if number % 50 == 7 else json.dumps({"Name": f"bulk-{number:03}"}))
            folder = deployment.data / "uploads/factory/week-47"
            folder.mkdir(parents=True)
            (folder / "devices.ndjson").write_text("\n".join(lines) + "\n")
            template = deployment.scratch / "template.json"
            template.write_text(json.dumps({"Parameters": {"Name": {"Type": "String"}}, "Resources": {
                "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "Name"}}}}}))
            task = deployment.aws("iot", "start-thing-registration-task", "--template-body", f"file://{template}", "--input-file-bucket", "factory",
                                  "--input-file-key", "week-47/devices.ndjson", "--role-arn", ROLE)["taskId"]
            describe = lambda: deployment.aws("iot", "describe-thing-registration-task", "--task-id", task)
            deployment.wait_until(lambda: describe()["successCount"] > 0)
            deployment.stop(signal.SIGKILL)
            deployment.start()
            deployment.wait_until(lambda: describe()["status"] != "InProgress")
            done = describe()
            self.assertEqual((done["status"], done["successCount"], done["failureCount"], done["percentageProgress"]), ("Completed", 294, 6, 100))
            self.assertEqual(deployment.aws("iot", "list-thing-registration-tasks", "--status", "Completed")["taskIds"], [task])
            reports = {}
            for kind in ("RESULTS", "ERRORS"):
                links = deployment.aws("iot", "list-thing-registration-task-reports", "--task-id", task, "--report-type", kind)["resourceLinks"]
                text = "".join(run(["curl", "-sS", "--fail", "--cacert", deployment.data / "root-ca.pem", link]).stdout for link in links)
                reports[kind] = [json.loads(line) for line in text.splitlines()]
            self.assertEqual(sorted(line["lineNumber"] for lines in reports.values() for line in lines), list(range(1, 301)))
            self.assertEqual(reports["ERRORS"][0]["lineNumber"], 8)
            self.assertTrue(reports["RESULTS"][0]["response"]["ResourceArns"]["thing"].endswith("thing/bulk-000"))

    def test_uploads_in_pieces_with_curl(self):
        deployment = self.deployment
        credentials = self.iot._request_signer._credentials
        def put(piece, options):
            done = run(["curl", "-sS", "--cacert", deployment.data / "root-ca.pem", "--aws-sigv4", "aws:amz:us-east-1:iot",
                        "--user", f"{credentials.access_key}:{credentials.secret_key}",
                        "-X", "PUT", "--data-binary", piece, f"{deployment.http}/imprint/v1/uploads/factory/a.ndjson?{options}"])
            return json.loads(done.stdout)
        self.assertEqual(put("first", "last=false&offset=0")["bytes"], 5)
        self.assertIn("must begin there", put("again", "last=true&offset=9")["message"])
        self.assertTrue(put("second", "last=true&offset=5")["complete"])
        self.assertEqual((deployment.data / "uploads/factory/a.ndjson").read_text(), "firstsecond")

    def test_searches_find_matching_things(self):
        iot = self.iot
        for number in range(12):
            iot.create_thing(thingName=f"search-{number:02}", attributePayload={"attributes": {"pressure": str(number * 10), "Maker": "Nord"}})
        names, token = [], None
        while True:
            page = iot.search_index(queryString="thingName:SEARCH-* AND attributes.pressure:[20 TO 90]", maxResults=3, **({"nextToken": token} if token else {}))
            names += [thing["thingName"] for thing in page["things"]]
            iot.create_thing(thingName=f"search-late-{len(names)}", attributePayload={"attributes": {"pressure": "1"}})
            token = page.get("nextToken")
            if not token:
                break
        self.assertEqual(names, [f"search-{number:02}" for number in range(2, 10)])
        found = self.deployment.aws("iot", "search-index", "--index-name", "AWS_Things", "--query-string", "attributes.Maker:nord AND NOT attributes.pressure < 110")
        self.assertEqual([thing["thingName"] for thing in found["things"]], ["search-11"])
        with self.assertRaises(iot.exceptions.InvalidQueryException):
            iot.search_index(queryString="thingName:(")
        iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "OFF"})
        with self.assertRaises(iot.exceptions.IndexNotReadyException):
            iot.search_index(queryString="*")
        iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"})
        self.assertEqual(iot.describe_index(indexName="AWS_Things")["indexStatus"], "ACTIVE")

    def make_ca(self, name, *extensions):
        """Makes a CA key and its self-signed certificate, as the guide does."""
        key, certificate = self.deployment.scratch / f"{name}.key", self.deployment.scratch / f"{name}.pem"
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "30", "-subj", f"/CN={name}", "-keyout", key, "-out", certificate,
             "-addext", "keyUsage=critical,keyCertSign", *extensions])
        return key, certificate

    def sign(self, ca, name, common_name, days="7"):
        """Makes a leaf certificate under that CA."""
        ca_key, ca_certificate = ca
        key, csr, certificate = (self.deployment.scratch / f"{name}.{end}" for end in ("key", "csr", "pem"))
        run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", csr, "-subj", f"/CN={common_name}"])
        run(["openssl", "x509", "-req", "-sha256", "-days", days, "-in", csr, "-CA", ca_certificate, "-CAkey", ca_key, "-CAcreateserial", "-out", certificate])
        return key, certificate

    def test_devices_of_a_registered_ca_are_accepted(self):
        deployment, iot, scratch = self.deployment, self.iot, self.deployment.scratch
        ca = self.make_ca("Factory CA")
        code = deployment.aws("iot", "get-registration-code")["registrationCode"]
        self.assertRegex(code, "^[0-9a-f]{64}$")
        _, verification = self.sign(ca, "verification", code)
        config = scratch / "jitp-template.json"
        config.write_text(json.dumps({"roleArn": ROLE, "templateBody": json.dumps({
            "Parameters": {"AWS::IoT::Certificate::CommonName": {"Type": "String"}},
            "Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"}}}}})}))
        # Exactly the guide's command, including its abbreviated option.
        made = deployment.aws("iot", "register-ca-certificate", "--ca-certificate", f"file://{ca[1]}", "--verification-cert", f"file://{verification}",
                              "--set-as-active", "--allow-auto-registration", "--registration-config", f"file://{config}", "--tags", "Key=site,Value=north")
        described = iot.describe_ca_certificate(certificateId=made["certificateId"])
        self.assertEqual((described["certificateDescription"]["status"], described["certificateDescription"]["autoRegistrationStatus"]), ("ACTIVE", "ENABLE"))
        self.assertEqual(described["registrationConfig"]["roleArn"], ROLE)
        self.assertEqual(iot.list_tags_for_resource(resourceArn=made["certificateArn"])["tags"], [{"Key": "site", "Value": "north"}])
        with self.assertRaises(iot.exceptions.ResourceAlreadyExistsException) as again:
            iot.register_ca_certificate(caCertificate=ca[1].read_text(), verificationCertificate=verification.read_text())
        self.assertEqual(again.exception.response["resourceId"], made["certificateId"])
        with self.assertRaises(iot.exceptions.RegistrationCodeValidationException):
            other = self.make_ca("Other CA")
            iot.register_ca_certificate(caCertificate=other[1].read_text(), verificationCertificate=self.sign(other, "wrong", "no code")[1].read_text())
        with self.assertRaises(iot.exceptions.CertificateValidationException):
            iot.register_ca_certificate(caCertificate=verification.read_text(), certificateMode="SNI_ONLY")

        _, device = self.sign(ca, "under-ca", "under-ca")
        registered = iot.register_certificate(certificatePem=device.read_text(), caCertificatePem=ca[1].read_text(), status="ACTIVE")
        self.assertEqual(iot.describe_certificate(certificateId=registered["certificateId"])["certificateDescription"]["caCertificateId"], made["certificateId"])
        self.assertEqual([c["certificateId"] for page in iot.get_paginator("list_certificates_by_ca").paginate(caCertificateId=made["certificateId"])
                          for c in page["certificates"]], [registered["certificateId"]])
        with self.assertRaises(iot.exceptions.ResourceAlreadyExistsException):
            iot.register_certificate(certificatePem=device.read_text())
        stranger = self.sign(self.make_ca("Stranger CA"), "stranger", "stranger")[1].read_text()
        with self.assertRaises(iot.exceptions.CertificateValidationException):
            iot.register_certificate(certificatePem=stranger)
        iot.update_ca_certificate(certificateId=made["certificateId"], newStatus="INACTIVE", newAutoRegistrationStatus="DISABLE", removeAutoRegistration=True)
        with self.assertRaises(iot.exceptions.CertificateStateException):
            iot.register_certificate(certificatePem=self.sign(ca, "late", "late")[1].read_text())
        self.assertIn(made["certificateId"], [c["certificateId"] for page in iot.get_paginator("list_ca_certificates").paginate() for c in page["certificates"]])
        iot.delete_ca_certificate(certificateId=made["certificateId"])
        with self.assertRaises(iot.exceptions.ResourceNotFoundException):
            iot.describe_ca_certificate(certificateId=made["certificateId"])
        iot.delete_registration_code()
        self.assertNotEqual(iot.get_registration_code()["registrationCode"], code)

    def test_a_device_connects_with_a_certificate_that_no_ca_signed(self):
        deployment, iot, scratch = self.deployment, self.iot, self.deployment.scratch
        iot.create_policy(policyName="SelfMade", policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:*:*:client/${iot:Certificate.Subject.CommonName}"},
            {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": "arn:aws:iot:*:*:topic/self/*"},
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "arn:aws:iot:*:*:topicfilter/self/*"}]}))
        kinds = {"self-rsa": ("rsa:2048",), "self-ec": ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"), "self-p384": ("ec", "-pkeyopt", "ec_paramgen_curve:secp384r1")}
        for name, algorithm in kinds.items():
            key, certificate = scratch / f"{name}.key", scratch / f"{name}.pem"
            run(["openssl", "req", "-x509", "-newkey", *algorithm, "-nodes", "-days", "30", "-subj", f"/CN={name}", "-keyout", key, "-out", certificate])
            for tls in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest(name=name, tls=tls):
                    device = Device(deployment.mqtt_port, certificate, key, deployment.data / "root-ca.pem", name, tls=tls)
                    self.addCleanup(device.close)
                    if tls == ssl.TLSVersion.TLSv1_2:
                        with self.assertRaises(Refused):  # it is not registered yet
                            device.connect()
                        made = deployment.aws("iot", "register-certificate-without-ca", "--certificate-pem", f"file://{certificate}", "--status", "ACTIVE")
                        iot.attach_policy(policyName="SelfMade", target=made["certificateArn"])
                        described = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
                        self.assertEqual((described["status"], described["certificateMode"]), ("ACTIVE", "SNI_ONLY"))
                        device = Device(deployment.mqtt_port, certificate, key, deployment.data / "root-ca.pem", name, tls=tls)
                        self.addCleanup(device.close)
                    device.connect()
                    self.assertEqual(device.subscribe(f"self/{name}"), [1])
                    device.publish(f"self/{name}", "hello")
                    self.assertEqual(device.receive(), (f"self/{name}", b"hello"))
                    device.close()

    def test_tags_are_created_and_deleted_with_resources(self):
        iot, aws = self.iot, self.deployment.aws
        group = aws("iot", "create-thing-group", "--thing-group-name", "tagged", "--tags", "Key=site,Value=north", "Key=empty,Value=")["thingGroupArn"]
        aws("iot", "tag-resource", "--resource-arn", group, "--tags", "Key=site,Value=south", "Key=cost,Value=7")
        aws("iot", "untag-resource", "--resource-arn", group, "--tag-keys", "cost")
        tags = {tag["Key"]: tag["Value"] for page in iot.get_paginator("list_tags_for_resource").paginate(resourceArn=group) for tag in page["tags"]}
        self.assertEqual(tags, {"site": "south", "empty": ""})
        arns = [iot.create_policy(policyName="tagged", policyDocument=ALLOW_ALL, tags=[{"Key": "a", "Value": "b"}])["policyArn"],
                iot.create_thing_type(thingTypeName="tagged", tags=[{"Key": "a", "Value": "b"}])["thingTypeArn"],
                iot.create_provisioning_template(templateName="tagged", templateBody=TEMPLATE.read_text(), provisioningRoleArn=ROLE,
                                                 tags=[{"Key": "a", "Value": "b"}])["templateArn"]]
        for arn in arns:
            self.assertEqual(iot.list_tags_for_resource(resourceArn=arn)["tags"], [{"Key": "a", "Value": "b"}])
        with self.assertRaises(iot.exceptions.InvalidRequestException):
            iot.tag_resource(resourceArn=arns[0], tags=[{"Key": "aws:x", "Value": "y"}])
        with self.assertRaises(iot.exceptions.LimitExceededException):
            iot.tag_resource(resourceArn=arns[0], tags=[{"Key": f"k{i}", "Value": ""} for i in range(50)])
        iot.delete_thing_group(thingGroupName="tagged")
        with self.assertRaises(iot.exceptions.ResourceNotFoundException):
            iot.list_tags_for_resource(resourceArn=group)

    def test_event_configurations_are_kept(self):
        before = self.deployment.aws("iot", "describe-event-configurations")["eventConfigurations"]
        self.assertEqual((len(before), any(value["Enabled"] for value in before.values())), (11, False))
        self.deployment.aws("iot", "update-event-configurations", "--event-configurations", '{"THING":{"Enabled":true},"JOB":{"Enabled":false}}')
        after = self.iot.describe_event_configurations()
        self.assertEqual([key for key, value in after["eventConfigurations"].items() if value["Enabled"]], ["THING"])
        self.assertLessEqual(after["creationDate"], after["lastModifiedDate"])

    def test_authorization_can_be_tested(self):
        iot = self.iot
        certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
        prefix = certificate.rpartition(":")[0]
        for name, effect, action, resource in (("ask-allow", "Allow", "iot:Publish", "topic/ask/*"), ("ask-deny", "Deny", "iot:Publish", "topic/*/secret"),
                                               ("ask-group", "Allow", "iot:Connect", "client/${iot:ClientId}")):
            iot.create_policy(policyName=name, policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": effect, "Action": action, "Resource": f"{prefix}:{resource}"}]}))
        iot.create_thing(thingName="ask")
        iot.create_thing_group(thingGroupName="ask-parent")
        iot.create_thing_group(thingGroupName="ask-child", parentGroupName="ask-parent")
        iot.create_thing_group(thingGroupName="ask-other")
        iot.update_thing_groups_for_thing(thingName="ask", thingGroupsToAdd=["ask-other"])
        iot.update_thing_groups_for_thing(thingName="ask", thingGroupsToAdd=["ask-child"], thingGroupsToRemove=["ask-other"])
        self.assertEqual([g["groupName"] for g in iot.list_thing_groups_for_thing(thingName="ask")["thingGroups"]], ["ask-child"])
        iot.attach_thing_principal(thingName="ask", principal=certificate)
        iot.attach_policy(policyName="ask-allow", target=certificate)
        iot.attach_policy(policyName="ask-group", target=f"{prefix}:thinggroup/ask-parent")
        names = lambda policies: [policy["policyName"] for policy in policies]
        self.assertEqual(names(iot.get_effective_policies(principal=certificate)["effectivePolicies"]), ["ask-allow", "ask-group"])
        self.assertEqual(names(iot.list_attached_policies(target=certificate, recursive=True)["policies"]), ["ask-allow", "ask-group"])
        self.assertEqual(names(iot.list_attached_policies(target=certificate)["policies"]), ["ask-allow"])
        results = self.deployment.aws("iot", "test-authorization", "--principal", certificate, "--policy-names-to-add", "ask-deny", "--client-id", "ask", "--auth-infos",
                                      f"actionType=PUBLISH,resources={prefix}:topic/ask/x", f"actionType=PUBLISH,resources={prefix}:topic/ask/secret",
                                      f"actionType=CONNECT,resources={prefix}:client/ask", f"actionType=RECEIVE,resources={prefix}:topic/ask/x")["authResults"]
        self.assertEqual([result["authDecision"] for result in results], ["ALLOWED", "EXPLICIT_DENY", "ALLOWED", "IMPLICIT_DENY"])
        self.assertEqual(names(results[1]["denied"]["explicitDeny"]["policies"]), ["ask-deny"])

    def test_unsupported_operations_say_so(self):
        for call in (lambda: self.iot.list_jobs(), lambda: self.iot.list_role_aliases()):
            with self.assertRaises(self.iot.exceptions.ClientError) as refused:
                call()
            self.assertGreaterEqual(refused.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)
            self.assertTrue(refused.exception.response["Error"]["Message"])

    def test_wrong_credentials_are_refused(self):
        import boto3
        for key, secret in (("AKIAAAAAAAAAAAAAAAAA", "x" * 40), (None, "x" * 40)):
            if key is None:
                key = self.iot._request_signer._credentials.access_key
            stranger = boto3.client("iot", endpoint_url=self.deployment.http, region_name="us-east-1", aws_access_key_id=key,
                                    aws_secret_access_key=secret, verify=str(self.deployment.data / "root-ca.pem"))
            with self.assertRaises(stranger.exceptions.ClientError) as refused:
                stranger.list_things()
            self.assertEqual(refused.exception.response["ResponseMetadata"]["HTTPStatusCode"], 403)
        context = ssl.create_default_context(cafile=str(self.deployment.data / "root-ca.pem"))
        with self.assertRaises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(self.deployment.http + "/things", context=context, timeout=30)
        self.assertEqual(missing.exception.code, 403)
        missing.exception.close()

    def test_a_trusted_user_gets_a_five_minute_claim(self):
        deployment = self.deployment
        deployment.set_up_mission()
        out = deployment.aws("iot", "create-provisioning-claim", "--template-name", "FleetProvisioningTemplate")
        folder = deployment.scratch
        (folder / "user.pem").write_text(out["certificatePem"])
        (folder / "user.key").write_text(out["keyPair"]["PrivateKey"])
        listed = [c["certificateId"] for page in self.iot.get_paginator("list_certificates").paginate() for c in page["certificates"]]
        self.assertNotIn(out["certificateId"], listed)
        device = Device(deployment.mqtt_port, folder / "user.pem", folder / "user.key", deployment.data / "root-ca.pem", "app", paho.MQTTv5).connect()
        self.addCleanup(device.close)
        ok, created = device.request("$aws/certificates/create/json", "")
        self.assertTrue(ok, created)
        ok, registered = device.request(PROVISION, {"certificateOwnershipToken": created["certificateOwnershipToken"],
                                                    "parameters": {"SerialNumber": "user", "FirmwareVersion": "1"}})
        self.assertEqual((ok, registered.get("thingName")), (True, "device-user"))

    def test_the_cli_writes_its_files(self):
        files = {name: self.deployment.scratch / f"cli.{name}" for name in ("certificate-pem", "public-key", "private-key")}
        options = [word for name, path in files.items() for word in (f"--{name}-outfile", str(path))]
        self.deployment.aws("iot", "create-keys-and-certificate", "--set-as-active", *options)
        for path in files.values():
            self.assertTrue(path.read_text().startswith("-----BEGIN "))
        run(["openssl", "rsa", "-in", files["private-key"], "-check", "-noout"])


if __name__ == "__main__":
    unittest.main()
