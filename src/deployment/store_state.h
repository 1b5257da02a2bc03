// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "deployment/layout.h"

namespace imprint::deployment {

enum class StoreState {
  present,
  not_made_yet,  ///< no server has run on this deployment
  lost,          ///< a server has run, but its store is missing or empty
};

/// Whether the store still exists. The first start makes the store, and then a key beside the CA's;
/// that key distinguishes a new deployment from one that has lost its store.
StoreState store_state(const Layout& layout);

}  // namespace imprint::deployment
