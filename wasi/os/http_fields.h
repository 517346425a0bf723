// HttpFields: the header or trailer fields of a message: ordered, with original casing; names are compared without
// regard to case. Everything in it is valid: names are tokens, values have no control characters but
// tabs. What it holds is bounded, in bytes and in number.
// Spec: RFC 9110 5.1, 5.5
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::wasi {

struct HttpFieldLimits {
  uint32_t bytes = 128 << 10;   // names, values and 32 bytes for each
  uint32_t count = 1024;
};

/// Spec: RFC 9110 5.6.2
bool is_http_token(std::string_view s);
/// No control characters but tabs.
bool is_http_field_value(std::string_view s);
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Fields that guests neither set nor see, because the transport is not theirs: connection, keep-alive,
/// proxy-authenticate, proxy-authorization, proxy-connection, transfer-encoding, upgrade, host, http2-settings.
bool is_forbidden_field(std::string_view name);

class HttpFields {
 public:
  enum class Outcome : uint8_t { Ok, Invalid, Full };
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  /// Fixed overhead of a field, as in HPACK. Units: bytes
  static constexpr uint32_t kOverhead = 32;

  explicit HttpFields(HttpFieldLimits limits = {}) : limits_(limits) {}

  size_t count() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  /// Views are valid until the fields change. Requires: i < count()
  Field at(size_t i) const;
  /// The first value.
  std::optional<std::string_view> find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name).has_value(); }
  /// Nothing is changed unless Ok.
  Outcome append(std::string_view name, std::string_view value);
  /// Whether a field could be appended: its syntax, not its size.
  static bool valid(std::string_view name, std::string_view value) {
    return is_http_token(name) && is_http_field_value(value);
  }
  /// Removes every field of the name. Returns how many there were.
  size_t remove(std::string_view name);
  /// Removes those that guests do not see.
  void remove_forbidden();
  void clear();

  /// What counts against the limit. Units: bytes
  uint32_t bytes() const { return bytes_; }
  const HttpFieldLimits& limits() const { return limits_; }
  /// All values of content-length say the same number; nothing: there is none. False: they do not, or are none.
  bool content_length(std::optional<uint64_t>& length) const;

 private:
  struct Entry {
    uint32_t at;             // of the name in text_; the value follows
    uint32_t name;           // sizes
    uint32_t value;
  };
  template <class Drop>
  size_t remove_if(Drop drop);

  HttpFieldLimits limits_;
  uint32_t bytes_ = 0;
  std::string text_;
  std::vector<Entry> entries_;
};

}  // namespace skiff::wasi
