// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "issuance/profile.h"
#include "x509/public_key.h"

namespace imprint::issuance {

/// Reads an encoded TBSCertificate back and checks it against RFC 5280 and the profile, sharing no
/// code with the writing side except the DER reader. Runs before the signature, so that nothing
/// wrong is ever signed: a lint of the finished certificate could only withhold what already
/// exists. Fault::internal with the rule that was broken, since no device input can cause it.
Result<void> lint(BytesView tbs_der, const Profile& profile, const x509::PublicKey& expected_key);

}  // namespace imprint::issuance
