// SPDX-License-Identifier: Apache-2.0
#include "x509/pem.h"

#include <algorithm>

#include "base/name.h"
#include "encoding/text.h"

namespace imprint::x509 {

namespace {

constexpr std::size_t kLineChars = 64;
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// The base64 text may be a private key, so the destructor wipes it.
struct WipedText {
  std::string text;
  ~WipedText() { wipe(text.data(), text.size()); }
};

}  // namespace

Result<PemBlock> decode_pem(std::string_view text, std::initializer_list<std::string_view> labels,
                            std::size_t max_chars, std::string_view noun) {
  if (text.empty()) return fail(Fault::invalid, "the {} is empty; give one PEM block", noun);
  if (text.size() > max_chars) {
    return fail(Fault::invalid, "the {} has {} characters; at most {} are allowed", noun,
                text.size(), max_chars);
  }
  std::string_view rest = trim(text);
  if (!rest.starts_with(kBegin)) {
    const bool begins_later = rest.find(kBegin) != std::string_view::npos;
    return fail(Fault::invalid, "the {} does not start with a PEM line -----BEGIN {}-----{}", noun,
                *labels.begin(), begins_later ? "; remove the text before it" : "");
  }
  rest.remove_prefix(kBegin.size());
  const auto label_end = rest.find(kDashes);
  const std::string_view label = rest.substr(0, label_end);
  const auto wanted = std::ranges::find(labels, label);
  if (label_end == std::string_view::npos || wanted == labels.end()) {
    return fail(Fault::invalid, "the {} is a PEM block of type {}; type {} is expected", noun,
                quote(label.substr(0, rest.find('\n'))), quote(*labels.begin()));
  }
  rest.remove_prefix(label_end + kDashes.size());

  const auto body_end = rest.find(kDashes);
  const std::string_view footer = body_end == std::string_view::npos ? "" : rest.substr(body_end);
  const std::string expected = fmt::format("{}{}{}", kEnd, label, kDashes);
  if (!footer.starts_with(expected))
    return fail(Fault::invalid, "the {} has no line {}", noun, expected);
  if (footer.size() != expected.size()) {
    return fail(Fault::invalid, "{} characters follow the PEM block of the {}; give one block only",
                footer.size() - expected.size(), noun);
  }

  WipedText body;
  body.text.reserve(body_end);
  std::ranges::remove_copy_if(rest.substr(0, body_end), std::back_inserter(body.text), is_space);
  auto der = encoding::from_base64(body.text);
  if (!der || der->empty()) {
    return fail(Fault::invalid, "the {} is not valid base64 between its PEM lines", noun);
  }
  return PemBlock{*wanted, std::move(*der)};
}

std::string encode_pem(std::string_view label, BytesView der) {
  const WipedText body{encoding::to_base64(der)};
  std::string out;
  out.reserve(body.text.size() + body.text.size() / kLineChars + 2 * label.size() + 40);
  out.append(kBegin).append(label).append(kDashes).append("\n");
  for (std::size_t at = 0; at < body.text.size(); at += kLineChars)
    out.append(body.text, at, kLineChars).append("\n");
  out.append(kEnd).append(label).append(kDashes).append("\n");
  return out;
}

}  // namespace imprint::x509
