// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rest/call.h"
#include "rest/exceptions.h"
#include "rest/operation.h"
#include "rest/paging.h"
#include "rest/validation.h"

/// The words of `rest` in which the operations of this folder are written.
namespace imprint::control_api {

namespace json = encoding::json;

using rest::Answer;
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
using rest::put_next;
using rest::refuse;
using rest::refuse_value;
using rest::TextRule;
using rest::Type;

}  // namespace imprint::control_api
