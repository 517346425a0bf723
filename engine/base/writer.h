// Writer: an append-only byte sink with LEB128, for the encoder, the text parser and tests.
// Spec: binary-int. Integers are written in their shortest form.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace skiff {

class Writer {
 public:
  void u8(uint8_t b) { out_.push_back(b); }
  void u32(uint64_t v) { unsigned_leb(v); }
  void u64(uint64_t v) { unsigned_leb(v); }
  void s32(int32_t v) { signed_leb(v); }
  void s33(int64_t v) { signed_leb(v); }
  void s64(int64_t v) { signed_leb(v); }
  void bytes(std::span<const uint8_t> b) { out_.insert(out_.end(), b.begin(), b.end()); }
  void bytes(std::string_view b) { out_.insert(out_.end(), b.begin(), b.end()); }
  /// Length, then the bytes. Spec: binary-name.
  void name(std::string_view s) { u32(s.size()), bytes(s); }
  /// Raw little-endian bytes of a trivially copyable value.
  template <class T>
  void fixed(T v) {
    const auto* p = reinterpret_cast<const uint8_t*>(&v);
    out_.insert(out_.end(), p, p + sizeof(T));
  }

  size_t size() const { return out_.size(); }
  /// Drops what was written behind the first n bytes, keeping the capacity. Requires: n <= size().
  void truncate(size_t n) { out_.resize(n); }
  std::span<const uint8_t> view() const { return out_; }
  std::vector<uint8_t> take() { return std::move(out_); }

 private:
  void unsigned_leb(uint64_t v) {
    for (; v >= 0x80; v >>= 7) u8(static_cast<uint8_t>(v | 0x80));
    u8(static_cast<uint8_t>(v));
  }
  void signed_leb(int64_t v) {
    for (;; v >>= 7) {
      const uint8_t low = v & 0x7F;
      if ((v >> 6) == 0 || (v >> 6) == -1) return u8(low);
      u8(low | 0x80);
    }
  }

  std::vector<uint8_t> out_;
};

}  // namespace skiff
