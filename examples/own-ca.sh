#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Just-in-time provisioning from the CA's key to a connected device: openssl, `aws iot`, mosquitto_pub.
#
#   examples/own-ca.sh DIR [FOLDER]      DIR: a deployment whose imprintd is running; FOLDER keeps what is made
#
# It makes a policy and registers a CA; run it on a deployment you can throw away.
set -euo pipefail

dir=$(cd "${1:?usage: own-ca.sh DIR [FOLDER]}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
imprint=$(cd "${IMPRINT_BIN:-$here/../build/bin}" && pwd)/imprint
work=${2:-$(mktemp -d)}
mkdir -p "$work"
[ $# -gt 1 ] || trap 'rm -rf "$work"' EXIT
root=$dir/root-ca.pem
cd "$work"

eval "$("$imprint" env "$dir" | grep '^export ')"
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" --output json "$@"; }
text() { command aws --endpoint-url "$AWS_ENDPOINT_URL" --output text "$@"; }
step() { printf '\n== %s\n' "$*"; }

step "a CA of your own"
openssl genrsa -out rootCA.key 2048
openssl req -x509 -new -nodes -key rootCA.key -sha256 -days 3650 -out rootCA.pem -subj "/C=US/O=MyCompany/CN=IoT Root CA"

step "the proof that its key is yours: a certificate with the registration code as common name"
code=$(text iot get-registration-code)
openssl req -new -key rootCA.key -out verification.csr -subj "/CN=$code"
openssl x509 -req -in verification.csr -CA rootCA.pem -CAkey rootCA.key -CAcreateserial -out verification.pem -days 1

step "what its devices may do, and what they are provisioned with"
aws iot create-policy --policy-name FleetDevicePolicy --policy-document "file://$here/device-policy.json"
"$imprint" template lint "$here/jitp-template.json" --type jitp --data "$dir"
# The CLI wants {templateBody, roleArn}, the template as text within it.
python3 - "$here/jitp-template.json" > registration-config.json <<'PY'
import json, sys
print(json.dumps({"templateBody": open(sys.argv[1]).read(), "roleArn": "arn:aws:iam::000000000000:role/provisioning"}))
PY

step "register the CA"
aws iot register-ca-certificate --ca-certificate file://rootCA.pem --verification-cert file://verification.pem \
    --set-as-active --allow-auto-registration --registration-config file://registration-config.json

step "at the factory: a device's key, and a certificate for it"
openssl ecparam -name prime256v1 -genkey -noout -out sensor-1.key
openssl req -new -key sensor-1.key -out sensor-1.csr -subj "/CN=sensor-1"
openssl x509 -req -in sensor-1.csr -CA rootCA.pem -CAkey rootCA.key -CAcreateserial -out sensor-1.pem -days 3650

step "in the field: its first connection"
address=$("$imprint" env "$dir" | sed -nE "s/^export IMPRINT_MQTT='?([^']*)'?$/\1/p")
mosquitto_pub -h "${address%:*}" -p "${address##*:}" --cafile "$root" --cert sensor-1.pem --key sensor-1.key \
    -V mqttv311 -i sensor-1 -q 1 -t device/sensor-1/up -m hello

step "what came of it"
aws iot describe-thing --thing-name sensor-1
aws iot list-thing-principals --thing-name sensor-1
"$imprint" explain "$dir" --thing sensor-1
[ "$(text iot list-certificates --query 'length(certificates)')" = 1 ]
step "all of it as it should be"
