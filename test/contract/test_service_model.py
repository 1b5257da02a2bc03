# SPDX-License-Identifier: Apache-2.0
"""The server's table of operations against botocore's model of the service, row by row; then live calls whose answers
are checked against the model's outputs, because boto3 itself drops unknown members."""
import json
import unittest
import urllib.request
import ssl

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from deployment import Deployment, ROLE, TEMPLATE, run
from test_provisioning import make_csr

TYPES = {"string": "text", "integer": "integer", "long": "integer", "boolean": "boolean", "structure": "object", "map": "object", "list": "list"}
LOCATIONS = {"uri": "path", "querystring": "query", "header": "header", None: "body"}

# Members whose bounds differ from the model's on purpose.
BOUNDED_HERE = {
    "nextToken": "opaque; the model sets no bound",
    "target": "an ARN, parsed by the handler; the model sets no bound",
    "principal": "the same",
    "thingArn": "the same",
    "thingGroupArn": "the same",
    "resourceArn": "the same",
    "cognitoIdentityPoolId": "the same",
    "clientId": "limited as in MQTT; the model sets no bound",
    "caCertificateId": "64 digits, or 66 characters with the 0x that the model's pattern allows",
    "policyVersionId": "a number in digits; the model sets no bound",
    "versionId": "versions begin at 1",
    "defaultVersionId": "versions begin at 1",
    "attributeName": "an attribute has a name",
    "certificateId": "64 digits, or 66 characters with the 0x that the model's pattern allows",
}
# Inputs that Debian's model is too old to know.
NEWER_INPUTS = {("AttachThingPrincipal", "thingPrincipalType")}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})


def describe_inputs(operation):
    """The model's inputs in the terms of the server's table."""
    shape = operation.input_shape
    out = {}
    for name, member in (shape.members.items() if shape else ()):
        row = {"location": LOCATIONS[member.serialization.get("location")], "type": TYPES[member.type_name],
               "required": name in shape.required_members, "wireName": member.serialization.get("name", name)}
        if member.type_name in ("string", "integer", "long"):
            row["min"] = member.metadata.get("min", 0)
            row["max"] = member.metadata.get("max")
        if member.enum if hasattr(member, "enum") else member.metadata.get("enum"):
            row["values"] = sorted(member.metadata["enum"])
        out[name] = row
    return out


class ServiceModel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment()
        cls.addClassCleanup(cls.deployment.close)
        cls.iot = cls.deployment.boto3()
        cls.model = botocore.session.get_session().get_service_model("iot")
        cls.catalogue = cls.native("GET", "/imprint/v1/operations")
        cls.offered = {row["name"]: row for row in cls.catalogue["operations"] if not row["isImprintsOwn"]}

    @classmethod
    def native(cls, method, path, body=b""):
        """Makes a signed call; returns the answer exactly as on the wire."""
        request = AWSRequest(method=method, url=cls.deployment.http + path, data=body)
        SigV4Auth(cls.iot._request_signer._credentials, "iot", "us-east-1").add_auth(request)
        context = ssl.create_default_context(cafile=str(cls.deployment.data / "root-ca.pem"))
        sent = urllib.request.Request(request.url, data=body or None, headers=dict(request.headers), method=method)
        with urllib.request.urlopen(sent, context=context, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def operations(self):
        for name in sorted(self.offered):
            if name in self.model.operation_names:  # newer operations are in newer models
                yield name, self.offered[name], self.model.operation_model(name)

    def test_every_operation_of_the_model_is_offered_or_named(self):
        named = set(self.offered) | {row["name"] for row in self.catalogue["missing"]}
        self.assertEqual(set(self.model.operation_names) - named, set())
        self.assertEqual(set(self.offered) & {row["name"] for row in self.catalogue["missing"]}, set())
        for row in self.catalogue["missing"]:
            if row["name"] in self.model.operation_names:
                http = self.model.operation_model(row["name"]).http
                self.assertEqual((row["method"], row["path"]), (http["method"], http["requestUri"]), row["name"])

    def test_rows_have_the_models_method_and_path(self):
        for name, row, operation in self.operations():
            with self.subTest(name):
                self.assertEqual((row["method"], row["path"]), (operation.http["method"], operation.http["requestUri"]))

    def test_rows_have_the_models_errors(self):
        for name, row, operation in self.operations():
            with self.subTest(name):
                self.assertEqual(set(row["errors"]), {error.name for error in operation.error_shapes})

    def test_rows_have_the_models_inputs(self):
        for name, row, operation in self.operations():
            expected = describe_inputs(operation)
            found = {i["name"]: i for i in row["inputs"]}
            with self.subTest(name):
                newer = {member for operation_name, member in NEWER_INPUTS if operation_name == name}
                self.assertEqual(set(found) - newer, set(expected) - newer)
            for member in set(found) & set(expected):
                here = {key: found[member][key] for key in ("location", "type", "required", "wireName")}
                wanted = dict(expected[member])
                if "min" in wanted:
                    here["min"], here["max"] = found[member].get("min", 0), found[member].get("max")
                    if member in BOUNDED_HERE:
                        wanted["min"], wanted["max"] = here["min"], here["max"]
                if "values" in wanted:
                    here["values"] = sorted(found[member].get("values", []))
                with self.subTest(f"{name}.{member}"):
                    self.assertEqual(here, wanted)

    # ---- live answers ----

    def check_answer(self, shape, value, where):
        """Every member of the answer is in the model with its type, and no required member is missing."""
        kind = shape.type_name
        if kind == "structure":
            self.assertIsInstance(value, dict, where)
            known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
            self.assertEqual(set(value) - set(known), set(), f"{where} has members that the model does not")
            required = {shape.members[name].serialization.get("name", name) for name in shape.required_members}
            self.assertEqual(required - set(value), set(), f"{where} lacks members that the model requires")
            for name, member in value.items():
                self.check_answer(known[name], member, f"{where}.{name}")
        elif kind == "list":
            self.assertIsInstance(value, list, where)
            for number, element in enumerate(value):
                self.check_answer(shape.member, element, f"{where}[{number}]")
        elif kind == "map":
            self.assertIsInstance(value, dict, where)
            for name, element in value.items():
                self.check_answer(shape.value, element, f"{where}.{name}")
        elif kind == "string":
            self.assertIsInstance(value, str, where)
            self.assertGreaterEqual(len(value), shape.metadata.get("min", 0), where)
            self.assertLessEqual(len(value), shape.metadata.get("max", len(value)), where)
            if shape.metadata.get("enum"):
                self.assertIn(value, shape.metadata["enum"], where)
        elif kind == "boolean":
            self.assertIsInstance(value, bool, where)
        elif kind in ("integer", "long"):
            self.assertIs(type(value), int, where)
        else:
            self.assertIn(kind, ("timestamp", "double"), where)
            self.assertIsInstance(value, (int, float), where)

    def call(self, name, **parameters):
        """Calls through boto3, so that the request is exactly AWS's; the answer is read before boto3 drops any of it."""
        wire, session = [], self.iot._endpoint.http_session
        send = session.send

        def keep(request):
            answer = send(request)
            wire.append(answer.content)
            return answer

        session.send = keep
        try:
            answer = getattr(self.iot, botocore.xform_name(name))(**parameters)
        finally:
            session.send = send
        self.called.add(name)
        shape = self.model.operation_model(name).output_shape
        body = json.loads(wire[-1] or b"{}")
        if shape is None:
            self.assertEqual(body, {}, name)
        else:
            self.check_answer(shape, body, name)
        return answer

    def make_ca(self, code):
        """Makes a CA certificate, a verification certificate with that code, and a device certificate; returns their PEM texts."""
        folder = self.deployment.scratch
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=model CA", "-keyout", folder / "ca.key", "-out", folder / "ca.pem"])
        leaves = []
        for name in (code, "device"):
            run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", folder / "leaf.key",
                 "-out", folder / "leaf.csr", "-subj", f"/CN={name}"])
            run(["openssl", "x509", "-req", "-days", "7", "-in", folder / "leaf.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial",
                 "-out", folder / "leaf.pem"])
            leaves.append((folder / "leaf.pem").read_text())
        return (folder / "ca.pem").read_text(), *leaves

    def test_live_answers_are_the_models(self):
        self.called = set()
        call, deployment = self.call, self.deployment
        _, csr = make_csr(deployment.scratch, "model")
        # Policies.
        call("CreatePolicy", policyName="P", policyDocument=POLICY)
        call("CreatePolicyVersion", policyName="P", policyDocument=POLICY)
        call("GetPolicy", policyName="P")
        call("GetPolicyVersion", policyName="P", policyVersionId="2")
        call("ListPolicies")
        call("ListPolicyVersions", policyName="P")
        call("SetDefaultPolicyVersion", policyName="P", policyVersionId="2")
        call("DeletePolicyVersion", policyName="P", policyVersionId="1")
        # Certificates.
        made = call("CreateKeysAndCertificate", setAsActive=True)
        arn, identifier = made["certificateArn"], made["certificateId"]
        call("CreateCertificateFromCsr", certificateSigningRequest=csr)
        call("DescribeCertificate", certificateId=identifier)
        call("ListCertificates", pageSize=1, ascendingOrder=True)
        call("AttachPolicy", policyName="P", target=arn)
        call("ListAttachedPolicies", target=arn)
        call("ListTargetsForPolicy", policyName="P")
        call("DetachPolicy", policyName="P", target=arn)
        call("AttachPrincipalPolicy", policyName="P", principal=arn)
        call("ListPrincipalPolicies", principal=arn)
        call("ListPolicyPrincipals", policyName="P")
        call("DetachPrincipalPolicy", policyName="P", principal=arn)
        # CA certificates, and certificates of other CAs.
        code = call("GetRegistrationCode")["registrationCode"]
        ca, verification, leaf = self.make_ca(code)
        registered = call("RegisterCACertificate", caCertificate=ca, verificationCertificate=verification, setAsActive=True, tags=[{"Key": "a", "Value": "b"}])
        authority = registered["certificateId"]
        call("DescribeCACertificate", certificateId=authority)
        call("ListCACertificates")
        call("RegisterCertificate", certificatePem=leaf, caCertificatePem=ca, status="INACTIVE")
        call("ListCertificatesByCA", caCertificateId=authority)
        stranger = deployment.scratch / "stranger.pem"
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", deployment.scratch / "stranger.key",
             "-out", stranger, "-subj", "/CN=stranger"])
        call("RegisterCertificateWithoutCA", certificatePem=stranger.read_text(), status="INACTIVE")
        call("TagResource", resourceArn=registered["certificateArn"], tags=[{"Key": "c", "Value": "d"}])
        call("ListTagsForResource", resourceArn=registered["certificateArn"])
        call("UntagResource", resourceArn=registered["certificateArn"], tagKeys=["a"])
        call("UpdateCACertificate", certificateId=authority, newStatus="INACTIVE")
        call("DeleteCACertificate", certificateId=authority)
        call("DeleteRegistrationCode")
        # What a device may do.
        call("AttachPolicy", policyName="P", target=arn)
        call("GetEffectivePolicies", principal=arn)
        call("TestAuthorization", principal=arn, authInfos=[{"actionType": "CONNECT", "resources": ["arn:aws:iot:us-east-1:000000000000:client/x"]}])
        call("DetachPolicy", policyName="P", target=arn)
        call("DescribeEventConfigurations")
        call("UpdateEventConfigurations", eventConfigurations={"THING": {"Enabled": True}})
        # Things, types and groups.
        call("CreateThingType", thingTypeName="Type", thingTypeProperties={"thingTypeDescription": "d", "searchableAttributes": ["a"]})
        call("DescribeThingType", thingTypeName="Type")
        call("ListThingTypes")
        call("CreateThing", thingName="thing", thingTypeName="Type", attributePayload={"attributes": {"a": "7"}})
        call("UpdateThing", thingName="thing", attributePayload={"attributes": {"b": "2"}, "merge": True})
        call("DescribeThing", thingName="thing")
        call("ListThings", attributeName="a", attributeValue="7")
        call("AttachThingPrincipal", thingName="thing", principal=arn)
        call("ListThingPrincipals", thingName="thing")
        call("ListPrincipalThings", principal=arn)
        call("DetachThingPrincipal", thingName="thing", principal=arn)
        call("CreateThingGroup", thingGroupName="root")
        call("CreateThingGroup", thingGroupName="group", parentGroupName="root", thingGroupProperties={"thingGroupDescription": "d"})
        call("DescribeThingGroup", thingGroupName="group")
        call("UpdateThingGroup", thingGroupName="group", thingGroupProperties={"thingGroupDescription": "e"})
        call("ListThingGroups")
        call("AddThingToThingGroup", thingGroupName="group", thingName="thing")
        call("UpdateThingGroupsForThing", thingName="thing", thingGroupsToAdd=["group"])
        call("ListThingsInThingGroup", thingGroupName="root", recursive=True)
        call("ListThingGroupsForThing", thingName="thing")
        call("CreateDynamicThingGroup", thingGroupName="found", queryString="attributes.a:7")
        call("UpdateDynamicThingGroup", thingGroupName="found", queryString="attributes.a >= 7", thingGroupProperties={})
        call("DescribeThingGroup", thingGroupName="found")
        self.assertEqual(call("ListThingsInThingGroup", thingGroupName="found")["things"], ["thing"])
        call("DeleteDynamicThingGroup", thingGroupName="found")
        # Searching.
        call("SearchIndex", queryString="attributes.a >= 7 AND thingGroupNames:group")
        call("DescribeIndex", indexName="AWS_Things")
        call("ListIndices")
        configuration = call("GetIndexingConfiguration")
        call("UpdateIndexingConfiguration", thingIndexingConfiguration=configuration["thingIndexingConfiguration"])
        # Templates, registration.
        body = TEMPLATE.read_text()
        call("CreateProvisioningTemplate", templateName="T", templateBody=body, provisioningRoleArn=ROLE, enabled=True, description="d")
        call("CreateProvisioningTemplateVersion", templateName="T", templateBody=body)
        call("DescribeProvisioningTemplate", templateName="T")
        call("DescribeProvisioningTemplateVersion", templateName="T", versionId=2)
        call("ListProvisioningTemplates")
        call("ListProvisioningTemplateVersions", templateName="T")
        call("UpdateProvisioningTemplate", templateName="T", defaultVersionId=2)
        call("DeleteProvisioningTemplateVersion", templateName="T", versionId=1)
        call("CreateProvisioningClaim", templateName="T")
        call("RegisterThing", templateBody=json.dumps({"Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "registered"}},
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateSigningRequest": csr}}}}))
        self.native("PUT", "/imprint/v1/uploads/bucket/input", b'{"Name":"bulk"}\n')
        task = call("StartThingRegistrationTask", inputFileBucket="bucket", inputFileKey="input", roleArn=ROLE, templateBody=json.dumps({
            "Parameters": {"Name": {"Type": "String"}},
            "Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "Name"}}}}}))["taskId"]
        call("DescribeThingRegistrationTask", taskId=task)
        call("ListThingRegistrationTasks")
        call("ListThingRegistrationTaskReports", taskId=task, reportType="RESULTS")
        deployment.wait_until(lambda: self.iot.describe_thing_registration_task(taskId=task)["status"] == "Completed")
        # The task has already ended, so there is nothing to stop; that error is in the model, too.
        with self.assertRaises(self.iot.exceptions.InvalidRequestException):
            call("StopThingRegistrationTask", taskId=task)
        self.called.add("StopThingRegistrationTask")
        call("DescribeEndpoint", endpointType="iot:Data-ATS")
        # And the operations that remove them.
        call("RemoveThingFromThingGroup", thingGroupName="group", thingName="thing")
        call("DeleteThingGroup", thingGroupName="group")
        call("DeleteThing", thingName="thing")
        call("DeprecateThingType", thingTypeName="Type")
        call("DeleteThingType", thingTypeName="Type")
        call("UpdateCertificate", certificateId=identifier, newStatus="INACTIVE")
        call("DeleteCertificate", certificateId=identifier)
        call("DeletePolicy", policyName="P")
        call("DeleteProvisioningTemplate", templateName="T")
        self.assertEqual({name for name, _, _ in self.operations()} - self.called, set(), "an operation is supported but not called here")


if __name__ == "__main__":
    unittest.main()
