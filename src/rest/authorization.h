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

/// Every action that a policy may name: of this server's operations, and of those of AWS IoT that
/// it does not have yet, so that policies written for AWS are accepted.
std::vector<std::string> known_actions(const Router& router);

/// What a call acts on, as ARNs name it after the account: "thing/x". The row's words are separated
/// by spaces; "{a|b}" stands for the inputs a and b, of which those that are present count, each as
/// a resource of its own, as does each text of a list; an input that is an ARN counts by its part
/// after the account.
/// Certificate ids are put in the one form that the registry keeps. Empty: the operation has none.
std::vector<std::string> resources_of(const Operation& operation, const Inputs& inputs);

/// How a request to act was judged.
struct Judgement {
  bool allowed = false;
  std::string resource = {};  ///< that decided; "*" for none
  std::string reason = {};    ///< "because statement 1 of role factory denies it"
};

/// Asks the operator's policy for every resource of the call: all must be allowed.
Judgement judge(const access::Operator& who, const Operation& operation, const Call& call);

/// Whether the caller might as well do this, to a resource as resources_of() names it. For what an
/// operation does beyond its own name.
bool may_also(const Call& call, std::string_view action, std::string_view resource);

/// AccessDeniedException in AWS's words, and what decided.
Unexpected refuse_access(const access::Operator& who, const Operation& operation, const Call& call,
                         const Judgement& judgement);

/// Every word of a row's resource names inputs of the row; asserted when the table is read.
bool resource_is_sound(const Operation& operation);

}  // namespace imprint::rest
