// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rest/arn.h"
#include "rest/call.h"
#include "rest/exceptions.h"
#include "rest/operation.h"
#include "rest/paging.h"
#include "rest/validation.h"

/// The vocabulary of operations, for the folders that implement them: `using namespace
/// rest::words`.
namespace imprint::rest::words {

namespace json = encoding::json;

using rest::Answer;
using rest::arn_resource;
using rest::Call;
using rest::check_value;
using rest::cursor_of;
using rest::epoch_seconds;
using rest::Exception;
using rest::ExceptionSet;
using rest::InputInfo;
using rest::Inputs;
using rest::kMarkerStyle;
using rest::kTokenStyle;
using rest::Location;
using rest::MissingArea;
using rest::MissingOperation;
using rest::Operations;
using rest::PageStyle;
using rest::parse_arn;
using rest::parse_resource;
using rest::put_next;
using rest::refuse;
using rest::refuse_value;
using rest::TextRule;
using rest::Type;

}  // namespace imprint::rest::words
