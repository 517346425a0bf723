// Strings. In between they are UTF-8; where source and destination have the same encoding, that is one copy
// and one check.
#include "component/abi/strings.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/utf8.h"

namespace skiff::component {
namespace {

uint64_t utf16_tag(const LiftLowerContext& cx) { return uint64_t{1} << (cx.options.wide ? 63 : 31); }

// Length of a sequence by its first byte. Requires: valid UTF-8.
uint32_t sequence_length(uint8_t lead) { return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }

// The scalar value at s[i]; moves i behind it. Requires: valid UTF-8.
uint32_t next_scalar(std::string_view s, size_t& i) {
  const auto byte = [&](size_t k) { return static_cast<uint32_t>(static_cast<uint8_t>(s[i + k])); };
  const uint32_t n = sequence_length(static_cast<uint8_t>(s[i]));
  uint32_t c = byte(0);
  if (n == 2) c = (c & 0x1F) << 6 | (byte(1) & 0x3F);
  if (n == 3) c = (c & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  if (n == 4) c = (c & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  i += n;
  return c;
}

// True when the bytes are fine but end within a sequence.
bool ends_early(std::string_view s) {
  for (size_t back = 1; back <= 3 && back <= s.size(); ++back) {
    const auto lead = static_cast<uint8_t>(s[s.size() - back]);
    if ((lead & 0xC0) == 0x80) continue;
    return lead >= 0xC2 && lead <= 0xF4 && sequence_length(lead) > back &&
           is_utf8(s.substr(0, s.size() - back));
  }
  return false;
}

bool load_utf8(LiftLowerContext& cx, const uint8_t* p, uint64_t size, Val& value) {
  // Copied before it is checked: another thread may share the memory.
  std::string text(reinterpret_cast<const char*>(p), size);
  if (!is_utf8(text)) return cx.trap(ends_early(text) ? CmTrap::IncompleteUtf8 : CmTrap::InvalidUtf8);
  value = Val::of_string(std::move(text), StringSource::Utf8, static_cast<uint32_t>(size));
  return true;
}

bool load_utf16(LiftLowerContext& cx, const uint8_t* p, uint64_t units, StringSource source, Val& value) {
  std::string text;
  text.reserve(units);
  auto unit = [p](uint64_t i) {
    uint16_t u;
    std::memcpy(&u, p + 2 * i, 2);
    return u;
  };
  for (uint64_t i = 0; i < units; ++i) {
    uint32_t c = unit(i);
    if (c >= 0xD800 && c < 0xE000) {
      const uint32_t low = c < 0xDC00 && i + 1 < units ? unit(i + 1) : 0;
      if (low < 0xDC00 || low >= 0xE000) return cx.trap(CmTrap::InvalidUtf16);
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      ++i;
    }
    append_utf8(text, c);
  }
  value = Val::of_string(std::move(text), source, static_cast<uint32_t>(units));
  return true;
}

void load_latin1(const uint8_t* p, uint64_t size, Val& value) {
  std::string text;
  text.reserve(size);
  for (uint64_t i = 0; i < size; ++i) append_utf8(text, p[i]);
  value = Val::of_string(std::move(text), StringSource::Latin1, static_cast<uint32_t>(size));
}

// Writes UTF-16 code units; returns the end. The caller has made sure of the room.
uint8_t* put_utf16(uint8_t* to, std::string_view s) {
  auto put = [&to](uint32_t unit) {
    const auto u = static_cast<uint16_t>(unit);
    std::memcpy(to, &u, 2);
    to += 2;
  };
  for (size_t i = 0; i < s.size();) {
    const uint32_t c = next_scalar(s, i);
    if (c < 0x10000) {
      put(c);
    } else {
      put(0xD800 + ((c - 0x10000) >> 10));
      put(0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return to;
}

[[maybe_unused]] uint64_t utf16_units(std::string_view s) {  // by checks of debug builds
  uint64_t n = 0;
  for (const char byte : s) {
    const auto b = static_cast<uint8_t>(byte);
    n += (b & 0xC0) != 0x80;
    n += b >= 0xF0;
  }
  return n;
}

// First byte that is not ASCII.
size_t ascii_prefix(std::string_view s) {
  size_t i = 0;
  for (; i + 8 <= s.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, s.data() + i, 8);
    if (word & 0x8080808080808080u) break;
  }
  while (i < s.size() && static_cast<uint8_t>(s[i]) < 0x80) ++i;
  return i;
}

class StringStore {
 public:
  StringStore(LiftLowerContext& cx, const StringView& value) : cx_(cx), value_(value), s_(value.utf8) {}
  uint64_t ptr = 0;
  uint64_t code_units = 0;

  bool run() {
    switch (cx_.options.encoding) {
      case StringEncoding::Utf8:
        switch (value_.source) {
          case StringSource::Utf8: return copy_utf8();
          case StringSource::Latin1: return to_utf8(uint64_t{units()} * 2);
          case StringSource::Utf16:
          case StringSource::TaggedUtf16: return to_utf8(uint64_t{units()} * 3);
        }
        break;
      case StringEncoding::Utf16:
        return value_.source == StringSource::Utf8 ? utf8_to_utf16() : copy_utf16();
      case StringEncoding::Latin1Utf16:
        switch (value_.source) {
          case StringSource::Utf8:
          case StringSource::Utf16: return to_latin1_or_utf16();
          case StringSource::Latin1: return copy_latin1();
          case StringSource::TaggedUtf16: return probably_utf16();
        }
        break;
    }
    return false;
  }

 private:
  uint32_t units() const { return value_.code_units; }
  CmTrap unaligned() const {
    return cx_.between_components ? CmTrap::UnalignedPointer : CmTrap::ReallocUnaligned;
  }
  CmTrap outside() const { return cx_.between_components ? CmTrap::StringContent : CmTrap::ReallocOutOfBounds; }
  // What realloc gave must hold `size` bytes.
  bool check(uint32_t align, uint64_t size) {
    at_ = cx_.checked(ptr, size, align, unaligned(), outside());
    return at_ != nullptr;
  }
  bool allocate(uint32_t align, uint64_t size) {
    return cx_.allocate(align, size, ptr) && check(align, size);
  }
  bool reallocate(uint64_t old_size, uint32_t align, uint64_t size) {
    return cx_.reallocate(ptr, old_size, align, size, ptr) && check(align, size);
  }
  bool done(uint64_t count) {
    code_units = count;
    return true;
  }

  // Spec: store_string_copy
  bool copy_utf8() {
    if (!allocate(1, s_.size())) return false;
    std::copy(s_.begin(), s_.end(), at_);
    return done(s_.size());
  }
  bool copy_utf16() {
    if (!allocate(2, uint64_t{units()} * 2)) return false;
    put_utf16(at_, s_);
    return done(units());
  }
  bool copy_latin1() {
    if (!allocate(2, units())) return false;
    uint8_t* to = at_;
    for (size_t i = 0; i < s_.size();) *to++ = static_cast<uint8_t>(next_scalar(s_, i));
    return done(units());
  }

  // Spec: store_string_to_utf8
  bool to_utf8(uint64_t worst) {
    if (!allocate(1, units())) return false;
    const size_t ascii = ascii_prefix(s_);
    std::copy_n(s_.begin(), ascii, at_);
    if (ascii == s_.size()) return done(units());
    if (!reallocate(units(), 1, worst)) return false;
    std::copy(s_.begin() + static_cast<std::ptrdiff_t>(ascii), s_.end(), at_ + ascii);
    if (worst > s_.size() && !reallocate(worst, 1, s_.size())) return false;
    return done(s_.size());
  }

  bool utf8_to_utf16() {
    const uint64_t worst = uint64_t{units()} * 2;
    if (!allocate(2, worst)) return false;
    const auto size = static_cast<uint64_t>(put_utf16(at_, s_) - at_);
    if (size < worst && !reallocate(worst, 2, size)) return false;
    return done(size / 2);
  }

  // Spec: store_string_to_latin1_or_utf16
  bool to_latin1_or_utf16() {
    if (!allocate(2, units())) return false;
    uint64_t written = 0;
    for (size_t i = 0; i < s_.size();) {
      const uint32_t c = next_scalar(s_, i);
      if (c >= 0x100) return widen(written);
      at_[written++] = static_cast<uint8_t>(c);
    }
    if (written < units() && !reallocate(units(), 2, written)) return false;
    return done(written);
  }
  // After `written` Latin-1 characters comes one that is none.
  bool widen(uint64_t written) {
    const uint64_t worst = uint64_t{units()} * 2;
    if (!reallocate(units(), 2, worst)) return false;
    for (uint64_t i = written; i-- > 0;) {
      at_[2 * i] = at_[i];
      at_[2 * i + 1] = 0;
    }
    size_t behind = 0;
    for (uint64_t i = 0; i < written; ++i) next_scalar(s_, behind);
    const auto size = static_cast<uint64_t>(put_utf16(at_ + 2 * written, s_.substr(behind)) - at_);
    if (worst > size && !reallocate(worst, 2, size)) return false;
    return done(size / 2 | utf16_tag(cx_));
  }

  // Spec: store_probably_utf16_to_latin1_or_utf16
  bool probably_utf16() {
    const uint64_t size = uint64_t{units()} * 2;
    if (!allocate(2, size)) return false;
    put_utf16(at_, s_);
    // In UTF-8 exactly the Latin-1 characters have first bytes up to C3.
    const bool latin1 = std::all_of(s_.begin(), s_.end(), [](char c) { return static_cast<uint8_t>(c) <= 0xC3; });
    if (!latin1) return done(units() | utf16_tag(cx_));
    for (uint64_t i = 0; i < units(); ++i) at_[i] = at_[2 * i];
    if (!cx_.reallocate(ptr, size, 1, units(), ptr) || !check(1, units())) return false;
    return done(units());
  }

  LiftLowerContext& cx_;
  const StringView& value_;
  std::string_view s_;
  uint8_t* at_ = nullptr;
};

}  // namespace

bool load_string(LiftLowerContext& cx, uint64_t ptr, uint64_t code_units, Val& value) {
  uint64_t units = code_units;
  bool utf16 = cx.options.encoding == StringEncoding::Utf16;
  StringSource source = StringSource::Utf16;
  if (cx.options.encoding == StringEncoding::Latin1Utf16 && (units & utf16_tag(cx))) {
    units ^= utf16_tag(cx);
    utf16 = true;
    source = StringSource::TaggedUtf16;
  }
  if (units > kMaxByteLength >> (utf16 ? 1 : 0)) return cx.trap(CmTrap::StringTooLong);
  const uint64_t size = utf16 ? units * 2 : units;
  const uint32_t align = cx.options.encoding == StringEncoding::Utf8 ? 1 : 2;
  const uint8_t* p = cx.checked(ptr, size, align, CmTrap::UnalignedPointer,
                                cx.between_components ? CmTrap::StringContent : CmTrap::StringOutOfBounds);
  if (!p || !cx.spend(size + sizeof(std::string))) return false;
  if (utf16) return load_utf16(cx, p, units, source, value);
  if (cx.options.encoding == StringEncoding::Utf8) return load_utf8(cx, p, size, value);
  return load_latin1(p, size, value), true;
}

bool store_string(LiftLowerContext& cx, const StringView& value, uint64_t& ptr, uint64_t& code_units) {
  SKIFF_DCHECK(value.source == StringSource::Utf8 || value.source == StringSource::Latin1 ||
               utf16_units(value.utf8) == value.code_units);
  StringStore store(cx, value);
  if (!store.run()) return false;
  ptr = store.ptr;
  code_units = store.code_units;
  return true;
}

}  // namespace skiff::component
