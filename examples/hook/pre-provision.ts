// SPDX-License-Identifier: Apache-2.0
// A pre-provisioning hook as one writes it for Lambda: it runs there and behind Imprint unchanged.
// Serial numbers look like EU-TH-000042: where the unit goes, what it is, and its number.
//
//   tsc --target es2022 --module commonjs --strict pre-provision.ts

interface ProvisioningEvent {
  claimCertificateId: string;
  certificateId: string;
  certificatePem: string;
  templateArn: string;
  clientId: string;
  parameters: Record<string, string>;
}

declare const process: { env: Record<string, string | undefined> };

const MAX_FLEET_SIZE = Number(process.env.MAX_FLEET_SIZE ?? 100000);
const SERIAL = /^(EU|US)-(TH|CO)-\d{6}$/;
const REGIONS: Record<string, string> = { EU: "eu-central-1", US: "us-east-1" };
const PRODUCT_LINES: Record<string, string> = { TH: "thermostat", CO: "co2-meter" };

// Stands for the manufacturing database and the registry of a real handler.
const admitted = new Set<string>();

async function validateSerial(serial: string | undefined): Promise<boolean> {
  return serial !== undefined && SERIAL.test(serial);
}

async function getDeviceCount(): Promise<number> {
  return admitted.size;
}

function getRegionFromSerial(serial: string): string {
  return REGIONS[serial.slice(0, 2)];
}

function lookupProductLine(serial: string): string {
  return PRODUCT_LINES[serial.slice(3, 5)];
}

export const handler = async (event: ProvisioningEvent) => {
  const { SerialNumber } = event.parameters;

  if (!(await validateSerial(SerialNumber))) {
    throw new Error(`Unknown serial: ${SerialNumber}`);
  }
  // A unit that comes again is counted already.
  if (!admitted.has(SerialNumber) && (await getDeviceCount()) >= MAX_FLEET_SIZE) {
    throw new Error("Fleet limit reached");
  }
  admitted.add(SerialNumber);

  return {
    allowProvisioning: true,
    parameterOverrides: {
      Region: getRegionFromSerial(SerialNumber),
      ProductLine: lookupProductLine(SerialNumber),
    },
  };
};
