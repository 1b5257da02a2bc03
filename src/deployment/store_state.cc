// SPDX-License-Identifier: Apache-2.0
#include "deployment/store_state.h"

namespace imprint::deployment {

StoreState store_state(const Layout& layout) {
  std::error_code error;
  // SQLite accepts an empty file as a new store.
  const auto bytes = std::filesystem::file_size(layout.store(), error);
  if (!error && bytes > 0) return StoreState::present;
  std::error_code ignored;
  return std::filesystem::exists(layout.ownership_token_key(), ignored) ? StoreState::lost
                                                                        : StoreState::not_made_yet;
}

}  // namespace imprint::deployment
