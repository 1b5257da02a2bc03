// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cbor.h>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "base/name.h"
#include "encoding/json.h"
#include "encoding/text.h"

namespace imprint::encoding {

namespace {

/// Builds a value from libcbor's streaming callbacks. The library's tree reader recurses and
/// allocates from announced lengths; the stream does neither, so depth and size are bounded here.
class Builder {
 public:
  explicit Builder(std::size_t max_depth) : max_depth_(max_depth) {}

  [[nodiscard]] bool done() const { return result_.has_value(); }
  [[nodiscard]] bool failed() const { return !error_.empty(); }
  [[nodiscard]] const std::string& error() const { return error_; }
  json::value take() { return std::move(*result_); }

  void refuse(std::string why) {
    if (error_.empty()) error_ = std::move(why);
  }

  void open_container(bool map, std::optional<std::uint64_t> items) {
    if (in_text() || awaiting_key()) return refuse("a map key that is not text");
    if (frames_.size() >= max_depth_)
      return refuse(fmt::format("nested deeper than {} levels", max_depth_));
    frames_.push_back(
        Frame{.kind = map ? Frame::Kind::map : Frame::Kind::array, .expected = items});
    close_if_full();
  }

  void open_text() {
    if (in_text()) return refuse("a chunked string inside a chunked string");
    if (frames_.size() >= max_depth_ + 1) return refuse("nested too deep");
    frames_.push_back(Frame{.kind = Frame::Kind::text, .expected = std::nullopt});
  }

  void text(std::string_view chunk) {
    if (in_text()) {
      frames_.back().text.append(chunk);
      return;
    }
    if (!is_utf8(chunk)) return refuse("a string that is not UTF-8");
    if (awaiting_key()) return set_key(std::string(chunk));
    value(json::value(json::string(chunk.data(), chunk.size())));
  }

  void value(json::value v) {
    if (in_text()) return refuse("a chunk of another type inside a chunked string");
    if (awaiting_key()) return refuse("a map key that is not text");
    if (frames_.empty()) {
      result_ = std::move(v);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.kind == Frame::Kind::map) {
      frame.object.emplace(*frame.key, std::move(v));
      frame.key.reset();
    } else {
      frame.array.push_back(std::move(v));
    }
    ++frame.count;
    close_if_full();
  }

  void break_item() {
    if (frames_.empty() || frames_.back().expected || frames_.back().key)
      return refuse("a stray break");
    close();
  }

 private:
  struct Frame {
    enum class Kind { map, array, text };
    Kind kind;
    std::optional<std::uint64_t> expected;
    json::object object = {};
    json::array array = {};
    std::optional<std::string> key = std::nullopt;
    std::string text = {};
    std::uint64_t count = 0;
  };

  [[nodiscard]] bool in_text() const {
    return !frames_.empty() && frames_.back().kind == Frame::Kind::text;
  }
  [[nodiscard]] bool awaiting_key() const {
    return !frames_.empty() && frames_.back().kind == Frame::Kind::map && !frames_.back().key;
  }

  void set_key(std::string key) {
    if (frames_.back().object.contains(key)) {
      return refuse(fmt::format("the key {} twice in one map", quote(key)));
    }
    frames_.back().key = std::move(key);
  }

  void close_if_full() {
    if (!frames_.empty() && frames_.back().expected &&
        frames_.back().count == *frames_.back().expected) {
      close();
    }
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    switch (frame.kind) {
      case Frame::Kind::map:
        return value(std::move(frame.object));
      case Frame::Kind::array:
        return value(std::move(frame.array));
      case Frame::Kind::text:
        return text(frame.text);
    }
  }

  std::size_t max_depth_;
  std::vector<Frame> frames_;
  std::optional<json::value> result_;
  std::string error_;
};

Builder& builder(void* context) { return *static_cast<Builder*>(context); }

template <class Unsigned>
void on_unsigned(void* context, Unsigned v) {
  builder(context).value(json::value(static_cast<std::uint64_t>(v)));
}

template <class Unsigned>
void on_negative(void* context, Unsigned v) {
  // Major type 1 holds -1 - v.
  if (static_cast<std::uint64_t>(v) >
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return builder(context).refuse("an integer below -2^63");
  }
  builder(context).value(json::value(-1 - static_cast<std::int64_t>(v)));
}

void on_float(void* context, double v) {
  if (!std::isfinite(v)) return builder(context).refuse("a float that is not finite");
  builder(context).value(json::value(v));
}

const cbor_callbacks& callbacks() {
  static const cbor_callbacks kTable = [] {
    cbor_callbacks c = cbor_empty_callbacks;
    c.uint8 = [](void* x, std::uint8_t v) { on_unsigned(x, v); };
    c.uint16 = [](void* x, std::uint16_t v) { on_unsigned(x, v); };
    c.uint32 = [](void* x, std::uint32_t v) { on_unsigned(x, v); };
    c.uint64 = [](void* x, std::uint64_t v) { on_unsigned(x, v); };
    c.negint8 = [](void* x, std::uint8_t v) { on_negative(x, v); };
    c.negint16 = [](void* x, std::uint16_t v) { on_negative(x, v); };
    c.negint32 = [](void* x, std::uint32_t v) { on_negative(x, v); };
    c.negint64 = [](void* x, std::uint64_t v) { on_negative(x, v); };
    c.byte_string = c.string = [](void* x, cbor_data data, std::size_t size) {
      builder(x).text({reinterpret_cast<const char*>(data), size});
    };
    c.byte_string_start = c.string_start = [](void* x) { builder(x).open_text(); };
    c.array_start = [](void* x, std::size_t n) { builder(x).open_container(false, n); };
    c.indef_array_start = [](void* x) { builder(x).open_container(false, std::nullopt); };
    c.map_start = [](void* x, std::size_t n) { builder(x).open_container(true, n); };
    c.indef_map_start = [](void* x) { builder(x).open_container(true, std::nullopt); };
    c.tag = [](void* x, std::uint64_t) { builder(x).refuse("a tag"); };
    c.float2 = c.float4 = [](void* x, float v) { on_float(x, static_cast<double>(v)); };
    c.float8 = [](void* x, double v) { on_float(x, v); };
    c.undefined = [](void* x) { builder(x).refuse("the value undefined"); };
    c.null = [](void* x) { builder(x).value(nullptr); };
    c.boolean = [](void* x, bool v) { builder(x).value(v); };
    c.indef_break = [](void* x) { builder(x).break_item(); };
    return c;
  }();
  return kTable;
}

void append_head(Bytes& out, std::size_t (*encode)(std::size_t, unsigned char*, std::size_t),
                 std::size_t value) {
  std::array<std::uint8_t, 9> head{};
  out.insert(out.end(), head.begin(),
             head.begin() + static_cast<std::ptrdiff_t>(encode(value, head.data(), head.size())));
}

void append_text(Bytes& out, std::string_view text) {
  append_head(out, &cbor_encode_string_start, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

void append(Bytes& out, const json::value& value) {
  std::array<std::uint8_t, 9> head{};
  const auto put = [&](std::size_t n) {
    out.insert(out.end(), head.begin(), head.begin() + static_cast<std::ptrdiff_t>(n));
  };
  switch (value.kind()) {
    case json::kind::null:
      return put(cbor_encode_null(head.data(), head.size()));
    case json::kind::bool_:
      return put(cbor_encode_bool(value.get_bool(), head.data(), head.size()));
    case json::kind::uint64:
      return put(cbor_encode_uint(value.get_uint64(), head.data(), head.size()));
    case json::kind::int64: {
      const std::int64_t i = value.get_int64();
      return put(i >= 0 ? cbor_encode_uint(static_cast<std::uint64_t>(i), head.data(), head.size())
                        : cbor_encode_negint(static_cast<std::uint64_t>(-1 - i), head.data(),
                                             head.size()));
    }
    case json::kind::double_:
      return put(cbor_encode_double(value.get_double(), head.data(), head.size()));
    case json::kind::string:
      return append_text(out, value.get_string());
    case json::kind::array:
      append_head(out, &cbor_encode_array_start, value.get_array().size());
      for (const auto& item : value.get_array()) append(out, item);
      return;
    case json::kind::object:
      append_head(out, &cbor_encode_map_start, value.get_object().size());
      for (const auto& [key, item] : value.get_object()) {
        append_text(out, key);
        append(out, item);
      }
      return;
  }
}

}  // namespace

Result<json::value> parse_cbor(BytesView bytes, Limits limits) {
  if (bytes.size() > limits.max_bytes) {
    return fail(Fault::invalid, "CBOR of {} bytes; at most {} are allowed", bytes.size(),
                limits.max_bytes);
  }
  Builder out(limits.max_depth);
  std::size_t at = 0;
  while (!out.done()) {
    const cbor_decoder_result step =
        cbor_stream_decode(bytes.data() + at, bytes.size() - at, &callbacks(), &out);
    if (step.status == CBOR_DECODER_NEDATA)
      return fail(Fault::invalid, "the CBOR item ends too early");
    if (step.status != CBOR_DECODER_FINISHED)
      return fail(Fault::invalid, "not CBOR at byte {}", at);
    if (out.failed()) return fail(Fault::invalid, "CBOR holds {} at byte {}", out.error(), at);
    at += step.read;
  }
  if (at != bytes.size())
    return fail(Fault::invalid, "{} bytes follow the CBOR item", bytes.size() - at);
  return out.take();
}

Bytes to_cbor(const json::value& value) {
  Bytes out;
  append(out, value);
  return out;
}

}  // namespace imprint::encoding
