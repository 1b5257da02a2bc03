// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace imprint::x509 {

struct PemBlock {
  std::string_view label;  ///< one of the labels asked for
  Bytes der;
};

/// Reads a text that is exactly one PEM block (RFC 7468) with one of `labels`, with optional white
/// space around it. A second block, text before or after it and PEM headers are refused: readers
/// that skip to "the next block" disagree on which one counts. At most `max_chars` characters.
/// `noun` names the thing in messages: "certificate", "certificate signing request".
Result<PemBlock> decode_pem(std::string_view text, std::initializer_list<std::string_view> labels,
                            std::size_t max_chars, std::string_view noun);

/// One block with lines of 64 characters, LF line ends and a trailing LF, as AWS writes it.
std::string encode_pem(std::string_view label, BytesView der);

}  // namespace imprint::x509
