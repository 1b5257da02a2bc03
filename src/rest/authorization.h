// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "access/operators.h"
#include "rest/call.h"
#include "rest/operation.h"

namespace imprint::rest {

/// "iot:CreateThing"; "imprint:CreateClaim" for the calls under /imprint/v1/.
std::string action_of(const Operation& operation);

/// Every action that a policy may name: this server's operations, and those of AWS IoT that it does
/// not have, so that policies written for AWS are accepted.
std::vector<std::string> known_actions(const Router& router);

/// The resources that a call acts on, each as the part of its ARN after the account: "thing/x". The
/// row's words are separated by spaces. "{a|b}" stands for those of the inputs a and b that are
/// present, each a resource of its own, and so is each text of a list. Of an input that is an ARN,
/// the part after the account counts. Certificate ids are in the registry's form. Empty for an
/// operation without resources.
std::vector<std::string> resources_of(const Operation& operation, const Inputs& inputs);

/// The decision of the operator's policy about a call.
struct Judgement {
  bool allowed = false;
  std::string resource = {};  ///< the one that decided; "*" for none
  std::string reason = {};    ///< "because statement 1 of role factory denies it"
};

/// Evaluates the operator's policy for every resource of the call: all must be allowed.
Judgement judge(const access::Operator& who, const Operation& operation, const Call& call);

/// Whether the caller's policy also allows another action, on a resource as resources_of() names
/// it. For operations that do more than their own name says.
bool may_also(const Call& call, std::string_view action, std::string_view resource);

/// AccessDeniedException with AWS's message, and the statement that decided.
Unexpected refuse_access(const access::Operator& who, const Operation& operation, const Call& call,
                         const Judgement& judgement);

/// Whether every word of a row's resource names inputs of the row; asserted when the table is read.
bool resource_is_sound(const Operation& operation);

}  // namespace imprint::rest
