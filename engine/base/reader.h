// Reader: a bounds-checked cursor over bytes with LEB128, keeping the FIRST error ("sticky"). After an
// error every read yields zero without moving, so that a construct is read straight through and asked
// once with ok(). Offsets in errors are absolute: `base` is the position of the first byte in the module.
// Spec: binary-int, binary-vec, binary-utf8.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/bits.h"
#include "engine/base/error.h"
#include "engine/base/utf8.h"

namespace skiff {

using ByteSpan = std::span<const uint8_t>;

class Reader {
 public:
  /// `end_error`: what running over the end means here (a section's end, a body's end, the module's).
  explicit Reader(ByteSpan bytes, uint64_t base = 0, ErrorCode end_error = ErrorCode::UnexpectedEnd)
      : begin_(bytes.data()),
        p_(bytes.data()),
        end_(bytes.data() + bytes.size()),
        base_(base),
        end_error_(end_error) {}

  bool ok() const { return !failed_; }
  bool at_end() const { return p_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - p_); }
  /// Absolute offset of the next byte.
  uint64_t offset() const { return base_ + static_cast<uint64_t>(p_ - begin_); }
  const uint8_t* pos() const { return p_; }

  /// Passes over bytes that the caller has looked at through pos(). Requires: n <= remaining().
  void skip(size_t n) { p_ += n; }

  /// Records an error at the current offset unless there is one already; reading stops.
  [[gnu::cold, gnu::noinline]] void set_error(ErrorCode code, std::string detail = {}) {
    set_error_at(code, offset(), std::move(detail));
  }
  [[gnu::cold, gnu::noinline]] void set_error_at(ErrorCode code, uint64_t at, std::string detail = {}) {
    if (failed_) return;
    failed_ = true;
    error_ = Error{code, at, kNoIndex, std::move(detail)};
    p_ = end_;
  }
  /// The first error. Requires: !ok().
  const Error& error() const { return error_; }

  uint8_t u8() {
    if (p_ == end_) [[unlikely]] return set_error(end_error_), uint8_t{0};
    return *p_++;
  }
  /// The next byte without consuming it; 0 at the end (no error).
  uint8_t peek() const { return p_ == end_ ? 0 : *p_; }

  uint32_t u32() { return static_cast<uint32_t>(leb<uint32_t, 32, false>()); }
  uint64_t u64() { return leb<uint64_t, 64, false>(); }
  int32_t s32() { return static_cast<int32_t>(leb<int64_t, 32, true>()); }
  int64_t s33() { return leb<int64_t, 33, true>(); }
  int64_t s64() { return leb<int64_t, 64, true>(); }

  template <class T>
  T fixed() {
    if (remaining() < sizeof(T)) [[unlikely]] return set_error(end_error_), T{};
    T value = load_unaligned<T>(p_);
    p_ += sizeof(T);
    return value;
  }

  /// n raw bytes; LengthOutOfBounds-style error `code` when fewer remain.
  ByteSpan bytes(uint64_t n, ErrorCode code = ErrorCode::LengthOutOfBounds) {
    if (n > remaining()) [[unlikely]] return set_error(code), ByteSpan{};
    ByteSpan result{p_, static_cast<size_t>(n)};
    p_ += n;
    return result;
  }

  /// A vector's length; errors when it cannot fit even at one byte an element, so that callers may
  /// reserve that many elements safely.
  uint32_t count() {
    const uint32_t n = u32();
    if (n > remaining()) [[unlikely]] return set_error(ErrorCode::LengthOutOfBounds), 0u;
    return n;
  }

  /// A name: length, then UTF-8. The view points into the input.
  std::string_view name() {
    const ByteSpan b = bytes(u32());
    if (!ok()) return {};
    if (!is_utf8(b)) return set_error_at(ErrorCode::MalformedUtf8, offset() - b.size()), std::string_view{};
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }

 private:
  // Spec: binary-int. At most ceil(Bits/7) bytes, unused bits of the last one must match the sign.
  template <class T, unsigned Bits, bool Signed>
  T leb() {
    if (p_ != end_ && *p_ < 0x80) [[likely]] {
      const uint8_t b = *p_++;
      if constexpr (Signed) return static_cast<T>(static_cast<int8_t>(b << 1) >> 1);
      return b;
    }
    return leb_slow<T, Bits, Signed>();
  }

  template <class T, unsigned Bits, bool Signed>
  [[gnu::noinline]] T leb_slow() {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (p_ == end_) return set_error(end_error_), T{0};
      const uint8_t b = *p_++;
      value |= static_cast<uint64_t>(b & 0x7F) << shift;
      const bool last = shift + 7 >= Bits;
      if (!last) {
        if (b & 0x80) continue;
        if (Signed && (b & 0x40)) value |= ~uint64_t{0} << (shift + 7);
        return static_cast<T>(value);
      }
      --p_;
      if (b & 0x80) return set_error(ErrorCode::IntegerRepresentationTooLong), T{0};
      if (!last_byte_fits(b, Bits - shift, Signed)) return set_error(ErrorCode::IntegerTooLarge), T{0};
      ++p_;
      if constexpr (Signed && Bits < 64) value = static_cast<uint64_t>(static_cast<int64_t>(value << (64 - Bits)) >> (64 - Bits));
      return static_cast<T>(value);
    }
  }

  // `used`: how many low bits of the last byte belong to the value.
  static bool last_byte_fits(uint8_t b, unsigned used, bool is_signed) {
    const uint8_t payload = b & 0x7F;
    if (!is_signed) return (payload >> used) == 0;
    const uint8_t top = static_cast<uint8_t>(payload >> (used - 1));  // sign bit and what is above
    return top == 0 || top == (0x7F >> (used - 1));
  }

  const uint8_t* begin_;
  const uint8_t* p_;
  const uint8_t* end_;
  uint64_t base_;
  ErrorCode end_error_;
  bool failed_ = false;
  Error error_{};
};

}  // namespace skiff
