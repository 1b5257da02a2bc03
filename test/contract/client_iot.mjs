// SPDX-License-Identifier: Apache-2.0
// @aws-sdk/client-iot, unmodified, against the REST API. usage: node client_iot.mjs ENDPOINT ACCESS_KEY SECRET CA_FILE
import assert from "node:assert/strict";
import fs from "node:fs";
import https from "node:https";
import {
  IoTClient, CreateThingCommand, DescribeThingCommand, ListThingsCommand, CreatePolicyCommand, GetPolicyCommand,
  CreateThingTypeCommand, DescribeEndpointCommand, ResourceNotFoundException, ResourceAlreadyExistsException,
  MalformedPolicyException, paginateListThings,
} from "@aws-sdk/client-iot";
import { NodeHttpHandler } from "@smithy/node-http-handler";

const [endpoint, accessKeyId, secretAccessKey, ca] = process.argv.slice(2);
const iot = new IoTClient({
  region: "eu-west-1", endpoint, credentials: { accessKeyId, secretAccessKey },
  requestHandler: new NodeHttpHandler({ httpsAgent: new https.Agent({ ca: fs.readFileSync(ca) }) }),
});

await iot.send(new CreateThingTypeCommand({ thingTypeName: "JsType" }));
for (let i = 0; i < 7; ++i) {
  await iot.send(new CreateThingCommand({ thingName: `js-${i}`, thingTypeName: "JsType", attributePayload: { attributes: { n: String(i) } } }));
}
const described = await iot.send(new DescribeThingCommand({ thingName: "js-3" }));
assert.equal(described.attributes.n, "3");
assert.equal(described.version, 1);
await assert.rejects(iot.send(new DescribeThingCommand({ thingName: "nobody" })), ResourceNotFoundException);
await assert.rejects(iot.send(new CreateThingCommand({ thingName: "js-3" })), (error) => {
  assert.ok(error instanceof ResourceAlreadyExistsException);
  assert.ok(error.resourceArn.endsWith(":thing/js-3"));
  return true;
});
const names = [];
for await (const page of paginateListThings({ client: iot, pageSize: 2 }, { thingTypeName: "JsType" })) {
  names.push(...page.things.map((thing) => thing.thingName));
}
assert.deepEqual(names, [0, 1, 2, 3, 4, 5, 6].map((i) => `js-${i}`));
assert.equal((await iot.send(new ListThingsCommand({ attributeName: "n", attributeValue: "5" }))).things.length, 1);
const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "iot:Connect", Resource: "*" }] });
await iot.send(new CreatePolicyCommand({ policyName: "js,policy=1", policyDocument }));
assert.equal((await iot.send(new GetPolicyCommand({ policyName: "js,policy=1" }))).policyDocument, policyDocument);
await assert.rejects(iot.send(new CreatePolicyCommand({ policyName: "bad", policyDocument: "{}" })), MalformedPolicyException);
assert.ok((await iot.send(new DescribeEndpointCommand({ endpointType: "iot:Data-ATS" }))).endpointAddress);
console.log("ok");
