# Every kind of resource that Terraform's AWS provider can keep in Imprint. `terraform apply` beside a deployment:
#   TF_VAR_deployment=/var/lib/imprint TF_VAR_endpoint=https://localhost:8443 terraform apply
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { default = "https://localhost:8443" }
variable "deployment" { description = "The deployment's directory" }

provider "aws" {
  region                      = "us-east-1"
  shared_credentials_files    = ["${var.deployment}/admin.credentials"]
  custom_ca_bundle            = "${var.deployment}/root-ca.pem"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
  endpoints { iot = var.endpoint }
}

resource "aws_iot_thing_type" "sensor" {
  name = "SmartSensor"
  properties {
    description           = "measures"
    searchable_attributes = ["firmwareVersion", "batch"]
  }
  tags = { line = "a" }
}

resource "aws_iot_thing_type" "bare" { name = "Bare" }

resource "aws_iot_thing_group" "bare" { name = "unprovisioned-devices" }

resource "aws_iot_thing_group" "child" {
  name              = "plant-1"
  parent_group_name = aws_iot_thing_group.bare.name
  properties {
    description = "in Dresden"
    attribute_payload { attributes = { floor = "2" } }
  }
  tags = { line = "a" }
}

resource "aws_iot_thing" "one" {
  name            = "sensor-1"
  thing_type_name = aws_iot_thing_type.sensor.name
  attributes      = { firmwareVersion = "1" }
}

resource "aws_iot_thing" "bare" { name = "bare-1" }

resource "aws_iot_thing_group_membership" "one" {
  thing_name       = aws_iot_thing.one.name
  thing_group_name = aws_iot_thing_group.child.name
}

resource "aws_iot_policy" "device" {
  name   = "FleetDevicePolicy"
  policy = file("${path.module}/device-policy.json")
  tags   = { line = "a" }
}

resource "aws_iot_certificate" "one" { active = true }

resource "aws_iot_policy_attachment" "one" {
  policy = aws_iot_policy.device.name
  target = aws_iot_certificate.one.arn
}

resource "aws_iot_policy_attachment" "group" {
  policy = aws_iot_policy.device.name
  target = aws_iot_thing_group.bare.arn
}

resource "aws_iot_thing_principal_attachment" "one" {
  principal = aws_iot_certificate.one.arn
  thing     = aws_iot_thing.one.name
}

resource "aws_iot_provisioning_template" "sensors" {
  name                  = "FleetProvisioningTemplate"
  description           = "x"
  enabled               = true
  provisioning_role_arn = "arn:aws:iam::000000000000:role/provisioning"
  template_body         = file("${path.module}/fleet-provisioning-template.json")
  pre_provisioning_hook { target_arn = "arn:aws:lambda:us-east-1:000000000000:function:pre-provision" }
  tags = { line = "a" }
}

# A CA of the factory: its devices' certificates may be registered. SNI_ONLY asks for no proof of the
# key, which stays at the factory; with allow_auto_registration its devices introduce themselves.
resource "aws_iot_ca_certificate" "factory" {
  active                  = true
  allow_auto_registration = false
  ca_certificate_pem      = file("${path.module}/factory-ca.pem")
  certificate_mode        = "SNI_ONLY"
  tags                    = { line = "a" }
}

resource "aws_iot_event_configurations" "these" {
  event_configurations = {
    "THING"                  = true
    "THING_GROUP"            = false
    "THING_TYPE"             = false
    "THING_GROUP_MEMBERSHIP" = false
    "THING_GROUP_HIERARCHY"  = false
    "THING_TYPE_ASSOCIATION" = false
    "JOB"                    = false
    "JOB_EXECUTION"          = false
    "POLICY"                 = false
    "CERTIFICATE"            = true
    "CA_CERTIFICATE"         = false
  }
}

resource "aws_iot_indexing_configuration" "this" {
  thing_indexing_configuration {
    thing_indexing_mode = "REGISTRY"
  }
}
data "aws_iot_endpoint" "this" { endpoint_type = "iot:Data-ATS" }
data "aws_iot_registration_code" "this" {}
output "endpoint" { value = data.aws_iot_endpoint.this.endpoint_address }
