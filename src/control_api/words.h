// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rest/words.h"

namespace imprint::control_api {

using namespace rest::words;

}  // namespace imprint::control_api
