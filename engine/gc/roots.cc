// Marking, host handles, and the scan of the native stack.
#include "engine/gc/roots.h"

#include <algorithm>
#include <bit>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#endif

#include "engine/base/check.h"
#include "engine/gc/block_space.h"
#include "engine/gc/type_info.h"

namespace skiff::gc {

// ---------------------------------------------------------------------------------------------- marking

void Marker::mark_object(Object* object) {
  if (!space_.mark(object)) return;
  __builtin_prefetch(object);
  push({object, 0});
}

void Marker::push(Item item) {
  if (stack_.size() >= max_items_) [[unlikely]] {
    const uint32_t block = space_.block_of(to_ref(item.object));
    overflow_from_ = overflowed_ ? std::min(overflow_from_, block) : block;
    overflowed_ = true;
    return;
  }
  stack_.push_back(item);
}

void Marker::mark_word(uint64_t word) {
  if (Object* object = space_.find(word)) mark_object(object);
}

[[gnu::no_sanitize("address")]] void Marker::mark_range(const void* begin, const void* end) {
  const auto first = align_up<uintptr_t>(reinterpret_cast<uintptr_t>(begin), 8);
  const auto last = reinterpret_cast<uintptr_t>(end) & ~uintptr_t{7};
  for (uintptr_t p = first; p < last; p += 8) mark_word(*reinterpret_cast<const uint64_t*>(p));
}

void Marker::drain() {
  empty_stack();
  while (overflowed_) scan_overflow();
}

void Marker::empty_stack() {
  while (!stack_.empty()) {
    const Item item = stack_.back();
    stack_.pop_back();
    scan(item);
  }
}

void Marker::scan(Item item) {
  Object* object = item.object;
  const TypeInfo* type = object->type;
  switch (type->kind) {
    case Kind::Struct:
      for (uint32_t i = 0; i < type->ref_count; ++i) mark_ref(get<Ref>(object, type->ref_offsets[i]));
      return;
    case Kind::Array:
      if (type->elem_is_ref) scan_array(static_cast<ArrayObject*>(object), item.next);
      return;
    case Kind::Exception: {
      auto* exception = static_cast<ExceptionObject*>(object);
      const auto slots = exception->slots();
      for (uint32_t i = 0; i < slots.size(); ++i)
        if (exception->bitmap()[i / 64] >> (i % 64) & 1) mark_ref(slots[i]);
      return;
    }
    case Kind::Host:
      return;
  }
}

// In pieces, so that a long array does not fill the mark stack with its elements at once.
void Marker::scan_array(ArrayObject* array, uint64_t next) {
  constexpr uint64_t kPiece = 512;
  const uint64_t length = array->length;
  const uint64_t end = length - next <= kPiece ? length : next + kPiece;
  if (end < length) push({array, end});
  for (uint64_t i = next; i < end; ++i) mark_ref(get<Ref>(array, kElementsOffset + i * sizeof(Ref)));
}

// Scans the marked objects again among which are those that found no room on the stack.
void Marker::scan_overflow() {
  overflowed_ = false;
  for (uint32_t b = overflow_from_; b < space_.end(); ++b) {
    const Block::State state = space_.block(b).state;
    if (state != Block::State::Small && state != Block::State::LargeHead) continue;
    for (uint32_t w = 0; w < BlockSpace::kBitmapBytes / 8; ++w) {
      for (uint64_t bits = space_.marked(b)[w]; bits != 0; bits &= bits - 1) {
        const uint32_t granule = w * 64 + static_cast<uint32_t>(std::countr_zero(bits));
        scan({reinterpret_cast<Object*>(space_.address(b) + granule * kGranule), 0});
        empty_stack();
      }
    }
  }
}

// ------------------------------------------------------------------------------------------ native stack

namespace {

#if defined(__SANITIZE_ADDRESS__)
#define SKIFF_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SKIFF_ASAN 1
#endif
#endif

#ifdef SKIFF_ASAN
// AddressSanitizer may keep locals in frames of its own outside the stack, which points to them.
[[gnu::no_sanitize("address")]] void scan_fake_frames(Marker& marker, const void* begin, const void* end) {
  void* fake_stack = __asan_get_current_fake_stack();
  if (!fake_stack) return;
  for (auto* p = static_cast<void* const*>(begin); p < end; ++p) {
    void* frame = nullptr;
    void* frame_end = nullptr;
    if (__asan_addr_is_in_fake_stack(fake_stack, *p, &frame, &frame_end)) marker.mark_range(frame, frame_end);
  }
}
#else
void scan_fake_frames(Marker&, const void*, const void*) {}
#endif

// Scans from its own frame, which lies below the one that holds the spilled registers.
[[gnu::noinline, gnu::no_sanitize("address")]] void scan_from_here(Marker& marker, const void* stack_base) {
  const void* here = __builtin_frame_address(0);
  marker.mark_range(here, stack_base);
  scan_fake_frames(marker, here, stack_base);
}

}  // namespace

[[gnu::noinline]] void scan_native_stack(Marker& marker, const void* stack_base) {
  __builtin_unwind_init();  // saves all callee-saved registers in this frame
  scan_from_here(marker, stack_base);
  asm volatile("" ::: "memory");  // no tail call: the frame must be there during the scan
}

// ---------------------------------------------------------------------------------------------- handles

Handles::Id Handles::create(Ref ref) {
  Id id = free_;
  if (id != kEnd) {
    free_ = static_cast<uint32_t>(entries_[id].ref);
  } else {
    SKIFF_CHECK(entries_.size() < kEnd);
    id = static_cast<Id>(entries_.size());
    entries_.emplace_back();
  }
  entries_[id] = {ref, 1};
  ++live_;
  return id;
}

Handles::Entry& Handles::entry(Id id) {
  SKIFF_CHECK(id < entries_.size() && entries_[id].count > 0);
  return entries_[id];
}

void Handles::retain(Id id) {
  Entry& e = entry(id);
  SKIFF_CHECK(e.count != ~uint32_t{0});
  ++e.count;
}

void Handles::release(Id id) {
  Entry& e = entry(id);
  if (--e.count > 0) return;
  e.ref = free_;
  free_ = id;
  --live_;
}

Ref Handles::get(Id id) const {
  SKIFF_CHECK(id < entries_.size() && entries_[id].count > 0);
  return entries_[id].ref;
}

void Handles::scan(Marker& marker) {
  for (const Entry& e : entries_)
    if (e.count > 0) marker.mark_word(e.ref);  // hosts may also hold functions, which are no objects
}

}  // namespace skiff::gc
