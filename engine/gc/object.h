// Layout of heap objects. Every object starts with a word that points to its TypeInfo (type_info.h) and lies
// on a 16-byte boundary; mark bits are kept elsewhere. All payload is zero when an object is new.
//
//   struct     [type][fields, naturally aligned, in order]
//   array      [type][u32 length][u32 0][elements]
//   exception  [type][tag][u32 slots][u32 0][bitmap of slots that are references][slots]
//   host       [type][data][finalizer]
//
// Generated code uses the offsets below. Fields and elements: packed i8 and i16 take 1 and 2 bytes,
// references 8, v128 16.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "engine/base/bits.h"
#include "engine/gc/ref.h"
#include "engine/syntax/types.h"

namespace skiff::gc {

struct TypeInfo;

inline constexpr uint32_t kObjectAlignment = 16;

/// Any object. Made only by Heap.
struct Object {
  const TypeInfo* type;

  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this); }
  const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(this); }
};
static_assert(sizeof(Object) == 8);

inline Ref to_ref(const Object* object) { return reinterpret_cast<Ref>(object); }
/// Requires: r is not null and not an i31.
inline Object* to_object(Ref r) { return reinterpret_cast<Object*>(r); }

/// Offset of the first field of a struct.
inline constexpr uint32_t kFieldsOffset = 8;

struct ArrayObject : Object {
  uint32_t length;
  uint32_t unused;

  uint8_t* elements() { return bytes() + sizeof(ArrayObject); }
};
inline constexpr uint32_t kArrayLengthOffset = 8;
inline constexpr uint32_t kElementsOffset = 16;
static_assert(sizeof(ArrayObject) == kElementsOffset);

struct ExceptionObject : Object {
  const void* tag;  // identity only; exec knows it as TagInst
  uint32_t slot_count;
  uint32_t unused;

  uint32_t bitmap_words() const { return (slot_count + 63) / 64; }
  uint64_t* bitmap() { return reinterpret_cast<uint64_t*>(this + 1); }
  /// The payload, in slots as on the wasm stack.
  std::span<uint64_t> slots() { return {bitmap() + bitmap_words(), slot_count}; }
};
inline constexpr uint32_t kExceptionTagOffset = 8;

/// Called exactly once for each host object: after the collection that found it unreachable, or when the
/// heap is destroyed. It must not use the heap or the object.
using Finalizer = void (*)(void* data);

struct HostObject : Object {
  void* data;
  Finalizer finalizer;  // may be null
};

/// Reads or writes a field or element of type T at an offset in bytes.
template <class T>
T get(const Object* object, uint64_t offset) {
  return load_unaligned<T>(object->bytes() + offset);
}
template <class T>
void set(Object* object, uint64_t offset, T value) {
  store_unaligned(object->bytes() + offset, value);
}

}  // namespace skiff::gc
