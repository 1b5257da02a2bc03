// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/members.h"
#include "control_api/store_access.h"
#include "rest/call.h"
#include "rest/exceptions.h"
#include "rest/operation.h"
#include "rest/paging.h"
#include "rest/validation.h"

/// The words of `rest` and of `control_api` in which the operations of this folder are written.
namespace imprint::operator_api {

namespace json = encoding::json;
namespace members = control_api::members;

using rest::Answer;
using rest::Call;
using rest::check_value;
using rest::cursor_of;
using rest::epoch_seconds;
using rest::Exception;
using rest::ExceptionSet;
using rest::InputInfo;
using rest::Inputs;
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

using control_api::change_set;
using control_api::commit;
using control_api::erase;
using control_api::erase_strays;
using control_api::find_record;
using control_api::list_some;
using control_api::put;
using control_api::require;
using control_api::write_all;

}  // namespace imprint::operator_api
