# SPDX-License-Identifier: Apache-2.0
"""Access keys with roles and policies, used by boto3, the AWS CLI and hand-made signatures."""
import json
import ssl
import unittest
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from deployment import BIN, Deployment, debian_aws, run

ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment()
        cls.addClassCleanup(cls.deployment.close)
        cls.iot = cls.deployment.boto3()

    def make_key(self, *options):
        return json.loads(run([BIN / "imprint", "credentials", "create", self.deployment.data, "--name", "someone",
                               "--output", "json", *options]).stdout)

    def client(self, key):
        return boto3.client("iot", endpoint_url=self.deployment.http, region_name="us-east-1", aws_access_key_id=key["accessKeyId"],
                            aws_secret_access_key=key["secretAccessKey"], verify=str(self.deployment.data / "root-ca.pem"))

    def assertDenied(self, call, *parts):
        with self.assertRaises(self.iot.exceptions.ClientError) as denied:
            call()
        error = denied.exception.response["Error"]
        self.assertEqual((error["Code"], denied.exception.response["ResponseMetadata"]["HTTPStatusCode"]), ("AccessDeniedException", 403))
        for part in parts:
            self.assertIn(part, error["Message"])

    def test_a_lost_sealing_key_is_not_replaced(self):
        with Deployment() as deployment:
            run([BIN / "imprint", "credentials", "create", deployment.data, "--name", "someone", "--role", "read-only"])
            deployment.stop()
            (deployment.data / "ca/credentials.key").unlink()
            with self.assertRaisesRegex(AssertionError, "credentials.key is missing, and access keys were sealed with it"):
                deployment.start()

    def test_roles(self):
        self.iot.create_policy(policyName="P", policyDocument=ALLOW_ALL)
        factory, reader = self.client(self.make_key("--role", "factory")), self.client(self.make_key("--role", "read-only"))
        factory.create_thing(thingName="made-on-the-line")
        self.assertEqual(factory.describe_thing(thingName="made-on-the-line")["thingName"], "made-on-the-line")
        self.assertDenied(lambda: factory.create_policy(policyName="Q", policyDocument=ALLOW_ALL), "someone", "iot:CreatePolicy",
                          "arn:aws:iot:us-east-1:000000000000:policy/Q", "no statement of role factory allows it")
        self.assertDenied(lambda: factory.delete_thing(thingName="made-on-the-line"), "iot:DeleteThing")
        self.assertIn("made-on-the-line", [thing["thingName"] for thing in reader.list_things()["things"]])
        self.assertEqual(reader.get_policy(policyName="P")["policyName"], "P")
        self.assertDenied(lambda: reader.create_thing(thingName="no"), "role read-only")

    def test_a_policy_with_a_deny(self):
        policy = self.deployment.scratch / "policy.json"
        policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["iot:CreateThing", "iot:DescribeThing", "iot:List*"], "Resource": "*"},
            {"Sid": "NotTheBoss", "Effect": "Deny", "Action": "*", "Resource": "arn:aws:iot:*:000000000000:thing/boss-*"}]}))
        iot = self.client(self.make_key("--policy", policy))
        iot.create_thing(thingName="worker-1")
        self.assertDenied(lambda: iot.create_thing(thingName="boss-1"), "NotTheBoss", "thing/boss-1")

    def test_a_revoked_key_is_refused_at_once(self):
        key = self.make_key("--role", "admin")
        iot = self.client(key)
        iot.list_things()
        run([BIN / "imprint", "credentials", "revoke", self.deployment.data, key["accessKeyId"]])
        with self.assertRaises(self.iot.exceptions.ClientError) as refused:
            iot.list_things()
        self.assertEqual(refused.exception.response["Error"]["Code"], "UnrecognizedClientException")
        self.assertIn("revoked", refused.exception.response["Error"]["Message"])

    def test_keys_survive_a_restart_and_are_unreadable_in_the_store(self):
        key = self.make_key("--role", "admin")
        self.assertEqual(self.deployment.stop(), 0)
        for path in self.deployment.data.rglob("*"):
            if path.is_file():
                self.assertNotIn(key["secretAccessKey"].encode(), path.read_bytes(), path)
        self.assertNotIn(key["secretAccessKey"], self.deployment.server_log())
        self.deployment.start()
        type(self).iot = self.deployment.boto3()
        self.client(key).list_things()

    def test_the_cli_reads_the_file(self):
        file = self.deployment.scratch / "line.credentials"
        run([BIN / "imprint", "credentials", "create", self.deployment.data, "--name", "line", "--role", "factory", "--out", file])
        environment = self.deployment.environment()
        environment["AWS_SHARED_CREDENTIALS_FILE"] = str(file)
        cli = [debian_aws(), "--endpoint-url", self.deployment.http, "iot"]
        run([*cli, "create-thing", "--thing-name", "by-cli"], env=environment)
        denied = run([*cli, "delete-thing", "--thing-name", "by-cli"], env=environment, check=False)
        self.assertNotEqual(denied.returncode, 0)
        self.assertIn("(AccessDeniedException)", denied.stderr)


class Signatures(unittest.TestCase):
    """Requests that no SDK sends: signed by botocore's signer and sent unchanged."""

    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment()
        cls.addClassCleanup(cls.deployment.close)
        cls.iot = cls.deployment.boto3()
        frozen = cls.iot._request_signer._credentials
        cls.key = Credentials(frozen.access_key, frozen.secret_key)
        cls.context = ssl.create_default_context(cafile=str(cls.deployment.data / "root-ca.pem"))

    def send(self, target, method="GET", body=None, headers=None, change=None):
        request = AWSRequest(method=method, url=self.deployment.http + target, data=body, headers=headers or {})
        SigV4Auth(self.key, "iot", "us-east-1").add_auth(request)
        signed = {name: value for name, value in request.headers.items()}
        if change:
            change(signed)
        wire = urllib.request.Request(self.deployment.http + target, data=body.encode() if body else None, headers=signed, method=method)
        try:
            with urllib.request.urlopen(wire, context=self.context, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or "{}")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read()) | {"type": error.headers["x-amzn-ErrorType"]}

    def test_awkward_names_through_boto3(self):
        iot = self.iot
        name = "a+b=c,d.e@f-g_h"
        iot.create_policy(policyName=name, policyDocument=ALLOW_ALL)
        self.assertEqual(iot.get_policy(policyName=name)["policyName"], name)
        iot.create_thing(thingName="a:b-c_d", attributePayload={"attributes": {"k": "x/y:z=[1]@#,."}})
        self.assertEqual([t["thingName"] for t in iot.list_things(attributeName="k", attributeValue="x/y:z=[1]@#,.")["things"]], ["a:b-c_d"])
        iot.create_thing_group(thingGroupName="g:1", thingGroupProperties={"thingGroupDescription": "gr\u00f6\u00dfe \u6771\u4eac  two spaces"})
        self.assertEqual(iot.describe_thing_group(thingGroupName="g:1")["thingGroupProperties"]["thingGroupDescription"],
                         "gr\u00f6\u00dfe \u6771\u4eac  two spaces")
        certificate = iot.create_keys_and_certificate()["certificateArn"]
        iot.attach_policy(policyName=name, target=certificate)
        self.assertEqual([p["policyName"] for p in iot.list_attached_policies(target=certificate)["policies"]], [name])

    def test_queries_by_hand(self):
        for query in ("maxResults=1&attributeName=k", "attributeName=&maxResults=1", "x&maxResults=2&x", "maxResults=2&x=2&x=1&x=",
                      "maxResults=1&x=a%20b", "maxResults=1&x=%C3%B6%E6%9D%B1", "maxResults=1&x=%2B%26%3D"):
            status, answer = self.send("/things?" + query)
            self.assertNotEqual((status, answer.get("type")), (403, "InvalidSignatureException"), (query, answer))

    def test_missing_and_wrong_signatures_are_refused(self):
        drop = lambda name: lambda headers: headers.pop(name)
        def unsign(headers):
            headers["Authorization"] = headers["Authorization"].replace("host;", "")
        def name_more(headers):
            headers["Authorization"] = headers["Authorization"].replace("host;", "host;x-amz-absent;").replace(
                "x-amz-absent;x-amz-date", "x-amz-absent;x-amz-date")
        def old(headers):
            headers["X-Amz-Date"] = "20200101T000000Z"
            headers["Authorization"] = headers["Authorization"].replace(headers["Authorization"].split("/")[1], "20200101")
        for name, change, error, part in (
                ("no date", drop("X-Amz-Date"), "IncompleteSignatureException", "X-Amz-Date"),
                ("host left out", unsign, "IncompleteSignatureException", "host"),
                ("a header that is absent", name_more, "InvalidSignatureException", "x-amz-absent"),
                ("an old date", old, "InvalidSignatureException", "the server's clock, which says 20")):
            status, answer = self.send("/things", change=change)
            self.assertEqual((status, answer["type"]), (403, error), (name, answer))
            self.assertIn(part, answer["message"], name)


if __name__ == "__main__":
    unittest.main()
