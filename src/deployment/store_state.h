// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "deployment/layout.h"

namespace imprint::deployment {

enum class StoreState {
  there,
  not_made_yet,  ///< no server has run on this deployment
  lost,          ///< a server has, and its store is missing or empty
};

/// Whether the store is where it was left. The first start makes the store, and then a key beside
/// the CA's, which tells a new deployment from one that has lost what it knew.
StoreState store_state(const Layout& layout);

}  // namespace imprint::deployment
