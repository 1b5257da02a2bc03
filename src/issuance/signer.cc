// SPDX-License-Identifier: Apache-2.0
#include "issuance/signer.h"

#include "base/file.h"

namespace imprint::issuance {

Result<std::unique_ptr<FileSigner>> FileSigner::load(const std::filesystem::path& key_file) {
  TRY_ASSIGN(const Secret text, read_secret_file(key_file, x509::PrivateKey::kMaxPemChars));
  auto key = x509::PrivateKey::from_pem(text.reveal());
  if (!key) return fail(key.error().fault, "{}: {}", key_file.string(), key.error().message);
  return std::make_unique<FileSigner>(std::move(*key));
}

x509::SignatureAlgorithm FileSigner::algorithm() const { return key_.signature_algorithm(); }

Result<Bytes> FileSigner::sign(BytesView message) { return key_.sign(message); }

}  // namespace imprint::issuance
