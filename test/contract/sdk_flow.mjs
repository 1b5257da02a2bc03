// SPDX-License-Identifier: Apache-2.0
// The AWS IoT Device SDK v2 for JavaScript, unmodified: classic and MQTT 5 identity clients, and MQTT.js.
// usage: node sdk_flow.mjs CLIENT PORT CLAIM_FOLDER TEMPLATE SERIAL [CSR_FILE]
// CLIENT: classic311 | classic5 | v2-311 | v2-5 | mqttjs4 | mqttjs5. Prints one JSON line; exit 0 when onboarded.
import fs from "node:fs";
import path from "node:path";
import sdk from "aws-iot-device-sdk-v2";
import mqttjs from "mqtt";

const { mqtt, mqtt5, iot, iotidentity } = sdk;
const [client, port, folder, templateName, serial, csrFile] = process.argv.slice(2);
const file = (name) => path.join(folder, name);
const csr = csrFile ? fs.readFileSync(csrFile, "utf8") : undefined;
const parameters = { SerialNumber: serial, FirmwareVersion: "1.0.0" };
const deadline = setTimeout(() => fail(new Error("not done within 45 seconds")), 45000);

function fail(error) {
  console.log(JSON.stringify({ ok: false, error: String(error?.message ?? error), modeled: error?.modeledError }));
  process.exit(1);
}

function done(result) {
  clearTimeout(deadline);
  console.log(JSON.stringify({ ok: true, ...result }));
  process.exit(0);
}

function connection311() {
  const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(file("claim.pem"), file("claim.key"))
    .with_certificate_authority_from_path(undefined, file("root-ca.pem"))
    .with_clean_session(true)
    .with_client_id(`sdk-${serial}`)
    .with_endpoint("localhost")
    .with_port(Number(port))
    .build();
  return new mqtt.MqttClient().new_connection(config);
}

async function client5() {
  const builder = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromPath("localhost", file("claim.pem"), file("claim.key"));
  builder.withCertificateAuthorityFromPath(undefined, file("root-ca.pem"));
  builder.withPort(Number(port));
  builder.withConnectProperties({ clientId: `sdk-${serial}`, keepAliveIntervalSeconds: 60 });
  const made = new mqtt5.Mqtt5Client(builder.build());
  const up = new Promise((resolve, reject) => {
    made.once("connectionSuccess", resolve);
    made.once("connectionFailure", (event) => reject(event.error));
  });
  made.start();
  await up;
  return made;
}

/** The classic client: subscriptions with callbacks, then publishes. */
async function classic(identity) {
  const { QoS } = mqtt;
  let settle;
  const answer = () => new Promise((resolve, reject) => { settle = { resolve, reject }; });
  const handle = (error, response) => (error ? settle.reject(error) : settle.resolve(response));
  const refuse = (error, response) => settle.reject(error ?? new Error(JSON.stringify(response)));
  let created = answer();
  if (csr) {
    await identity.subscribeToCreateCertificateFromCsrAccepted({}, QoS.AtLeastOnce, handle);
    await identity.subscribeToCreateCertificateFromCsrRejected({}, QoS.AtLeastOnce, refuse);
    await identity.publishCreateCertificateFromCsr({ certificateSigningRequest: csr }, QoS.AtLeastOnce);
  } else {
    await identity.subscribeToCreateKeysAndCertificateAccepted({}, QoS.AtLeastOnce, handle);
    await identity.subscribeToCreateKeysAndCertificateRejected({}, QoS.AtLeastOnce, refuse);
    await identity.publishCreateKeysAndCertificate({}, QoS.AtLeastOnce);
  }
  created = await created;
  const registered = answer();
  await identity.subscribeToRegisterThingAccepted({ templateName }, QoS.AtLeastOnce, handle);
  await identity.subscribeToRegisterThingRejected({ templateName }, QoS.AtLeastOnce, refuse);
  await identity.publishRegisterThing({ templateName, certificateOwnershipToken: created.certificateOwnershipToken, parameters }, QoS.AtLeastOnce);
  return { created, registered: await registered };
}

/** The V2 client: request and response. */
async function requestResponse(identity) {
  const created = csr
    ? await identity.createCertificateFromCsr({ certificateSigningRequest: csr })
    : await identity.createKeysAndCertificate({});
  const registered = await identity.registerThing({ templateName, certificateOwnershipToken: created.certificateOwnershipToken, parameters });
  return { created, registered };
}

async function mqttJs(protocolVersion) {
  const connection = await mqttjs.connectAsync({
    protocol: "mqtts", host: "localhost", port: Number(port), protocolVersion, clientId: `js-${serial}`, reconnectPeriod: 0,
    ca: fs.readFileSync(file("root-ca.pem")), cert: fs.readFileSync(file("claim.pem")), key: fs.readFileSync(file("claim.key")),
  });
  const request = async (topic, body) => {
    await connection.subscribeAsync([`${topic}/accepted`, `${topic}/rejected`], { qos: 1 });
    const answer = new Promise((resolve, reject) => {
      connection.once("message", (from, payload) => {
        const value = JSON.parse(payload.toString());
        if (from.endsWith("/accepted")) resolve(value); else reject(new Error(value.errorMessage));
      });
    });
    await connection.publishAsync(topic, JSON.stringify(body), { qos: 1 });
    return answer;
  };
  const created = csr
    ? await request("$aws/certificates/create-from-csr/json", { certificateSigningRequest: csr })
    : await request("$aws/certificates/create/json", {});
  const registered = await request(`$aws/provisioning-templates/${templateName}/provision/json`,
    { certificateOwnershipToken: created.certificateOwnershipToken, parameters });
  await connection.endAsync();
  return { created, registered };
}

async function main() {
  const options = { maxRequestResponseSubscriptions: 6, maxStreamingSubscriptions: 2, operationTimeoutInSeconds: 30 };
  let result;
  if (client === "classic311" || client === "v2-311") {
    const connection = connection311();
    await connection.connect();
    result = client === "classic311" ? await classic(new iotidentity.IotIdentityClient(connection))
      : await requestResponse(iotidentity.IotIdentityClientv2.newFromMqtt311(connection, options));
  } else if (client === "classic5" || client === "v2-5") {
    const connection = await client5();
    result = client === "classic5" ? await classic(iotidentity.IotIdentityClient.newFromMqtt5Client(connection))
      : await requestResponse(iotidentity.IotIdentityClientv2.newFromMqtt5(connection, options));
  } else if (client === "mqttjs4" || client === "mqttjs5") {
    result = await mqttJs(Number(client.slice(-1)));
  } else {
    throw new Error(`unknown client ${client}`);
  }
  done({ thingName: result.registered.thingName, deviceConfiguration: result.registered.deviceConfiguration,
         certificateId: result.created.certificateId, hasKey: Boolean(result.created.privateKey) });
}

main().catch(fail);
