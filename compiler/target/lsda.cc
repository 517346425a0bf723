// Layout: LPStart (encoding, value unless omitted), TType (encoding, ULEB offset unless omitted), encoding of
// the call-site table, its length (ULEB), rows of (start, length, landing pad: all relative) and an action (ULEB).
#include "compiler/target/lsda.h"

#include "engine/base/bits.h"
#include "engine/base/check.h"

namespace skiff::compiler {
namespace {

// DW_EH_PE_*: low four bits are the format, the next three what it is relative to.
enum : uint8_t {
  kAbsolute = 0x00, kUleb = 0x01, kUdata2 = 0x02, kUdata4 = 0x03, kUdata8 = 0x04,
  kSleb = 0x09, kSdata2 = 0x0A, kSdata4 = 0x0B, kSdata8 = 0x0C,
  kPcRelative = 0x10, kOmit = 0xFF,
};

class Cursor {
 public:
  explicit Cursor(const uint8_t* p) : p_(p) {}
  const uint8_t* at() const { return p_; }
  uint8_t byte() { return *p_++; }

  uint64_t leb(bool is_signed) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t b = 0;
    do {
      b = *p_++;
      value |= uint64_t{b & 0x7Fu} << shift;
      shift += 7;
    } while (b & 0x80 && shift < 64);
    if (is_signed && shift < 64 && (b & 0x40)) value |= ~uint64_t{0} << shift;
    return value;
  }

  uint64_t encoded(uint8_t encoding) {
    const auto here = reinterpret_cast<uintptr_t>(p_);
    const uint64_t value = raw(encoding & 0x0F);
    switch (encoding & 0x70) {
      case 0: return value;
      case kPcRelative: return here + value;
    }
    SKIFF_CHECK(!"an encoding that LLVM does not use here");
    return 0;
  }

 private:
  template <class T>
  uint64_t fixed() {
    const T value = load_unaligned<T>(p_);
    p_ += sizeof(T);
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  }
  uint64_t raw(uint8_t format) {
    switch (format) {
      case kAbsolute:
      case kUdata8:
      case kSdata8: return fixed<uint64_t>();
      case kUleb: return leb(false);
      case kSleb: return leb(true);
      case kUdata2: return fixed<uint16_t>();
      case kUdata4: return fixed<uint32_t>();
      case kSdata2: return fixed<int16_t>();
      case kSdata4: return fixed<int32_t>();
    }
    SKIFF_CHECK(!"a format that LLVM does not use here");
    return 0;
  }

  const uint8_t* p_;
};

}  // namespace

uintptr_t find_landing_pad(const uint8_t* lsda, uintptr_t function, uintptr_t pc) {
  Cursor cursor(lsda);
  const uint8_t start_encoding = cursor.byte();
  const uintptr_t pads = start_encoding == kOmit ? function : cursor.encoded(start_encoding);
  if (cursor.byte() != kOmit) cursor.leb(false);  // type table: not needed
  const uint8_t encoding = cursor.byte();
  const uint64_t length = cursor.leb(false);
  const uint8_t* end = cursor.at() + length;
  const uint64_t offset = pc - function;
  while (cursor.at() < end) {
    const uint64_t start = cursor.encoded(encoding);
    const uint64_t size = cursor.encoded(encoding);
    const uint64_t pad = cursor.encoded(encoding);
    cursor.leb(false);  // action
    if (offset < start) return 0;  // rows are sorted
    if (offset - start < size) return pad == 0 ? 0 : pads + pad;
  }
  return 0;
}

}  // namespace skiff::compiler
