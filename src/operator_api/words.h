// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/members.h"
#include "control_api/store_access.h"
#include "rest/words.h"

namespace imprint::operator_api {

namespace members = control_api::members;

using namespace rest::words;

using control_api::change_set;
using control_api::commit;
using control_api::erase_strays;
using control_api::find_or_refuse;
using control_api::list_page;
using control_api::write_all;

}  // namespace imprint::operator_api
