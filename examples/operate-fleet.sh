#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A fleet's life in plain `aws iot` commands, against a server of your own:
# set up, onboard, find, inspect, re-group, deactivate, delete.
#
#   examples/operate-fleet.sh DIR [DEVICES]      DIR: a deployment whose imprintd is running
#
# It makes a template, groups and devices named after the mission; run it on a deployment you can throw away.
set -euo pipefail

dir=${1:?usage: operate-fleet.sh DIR [DEVICES]}
devices=${2:-20}
here=$(cd "$(dirname "$0")" && pwd)
imprint=${IMPRINT_BIN:-$here/../build/bin}/imprint
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

eval "$("$imprint" env "$dir" | grep '^export ')"
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" --output json "$@"; }
text() { command aws --endpoint-url "$AWS_ENDPOINT_URL" --output text "$@"; }
step() { printf '\n== %s\n' "$*"; }
wait_for() { # wait_for DESCRIPTION EXPECTED COMMAND...: search follows changes a moment later
  local what=$1 expected=$2 got i; shift 2
  for i in $(seq 100); do got=$("$@"); [ "$got" = "$expected" ] && return; sleep 0.1; done
  echo "$what: $got, expected $expected" >&2; exit 1
}

step "the deployment: type, groups, policy, template with two versions, claim"
aws iot create-thing-type --thing-type-name SmartSensor \
    --thing-type-properties thingTypeDescription="Temperature and humidity",searchableAttributes=firmwareVersion
aws iot create-thing-group --thing-group-name unprovisioned-devices
aws iot create-thing-group --thing-group-name plant-1
aws iot create-policy --policy-name FleetDevicePolicy --policy-document "file://$here/device-policy.json"
aws iot create-provisioning-template --template-name Sensors --enabled \
    --provisioning-role-arn arn:aws:iam::000000000000:role/provisioning \
    --template-body "file://$here/fleet-provisioning-template.json"
aws iot create-provisioning-template-version --template-name Sensors --set-as-default \
    --template-body "file://$here/fleet-provisioning-template.json"
aws iot list-provisioning-template-versions --template-name Sensors
"$imprint" claim create "$dir" --template Sensors --out "$work/claim" --max-devices "$devices"

step "onboard $devices devices"
"$imprint" fleet "$dir" --template Sensors --claim "$work/claim" --devices "$devices" --reconnect --serial-prefix unit-

step "find them"
count() { text iot search-index --query-string "$1" --max-results 500 --query 'length(things)'; }
wait_for "things of the type" "$devices" count 'thingTypeName:SmartSensor'
first=$(text iot list-things --max-results 1 --query 'things[0].thingName')
wait_for "things of that name" 1 count "thingName:$first"
aws iot search-index --query-string "thingName:$first"

step "inspect one: $first"
aws iot describe-thing --thing-name "$first"
aws iot list-thing-groups-for-thing --thing-name "$first"
principal=$(text iot list-thing-principals --thing-name "$first" --query 'principals[0]')
certificate=${principal##*/}
aws iot describe-certificate --certificate-id "$certificate" --query 'certificateDescription.{status:status,validity:validity}'
aws iot list-attached-policies --target "$principal"
"$imprint" explain "$dir" --thing "$first"

step "re-group it"
aws iot remove-thing-from-thing-group --thing-name "$first" --thing-group-name unprovisioned-devices
aws iot add-thing-to-thing-group --thing-name "$first" --thing-group-name plant-1
[ "$(text iot list-things-in-thing-group --thing-group-name plant-1 --query 'things[0]')" = "$first" ]
wait_for "things in plant-1" 1 count 'thingGroupNames:plant-1'

step "deactivate it, and delete it"
aws iot update-certificate --certificate-id "$certificate" --new-status INACTIVE
aws iot detach-thing-principal --thing-name "$first" --principal "$principal"
aws iot detach-policy --policy-name FleetDevicePolicy --target "$principal"
aws iot delete-certificate --certificate-id "$certificate"
aws iot delete-thing --thing-name "$first"
wait_for "things of the type" $((devices - 1)) count 'thingTypeName:SmartSensor'

step "all of it as it should be"
