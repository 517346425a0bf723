// A reference word: how every reference is represented in frames, tables, globals and heap objects.
//
//   0                    null (of every type)
//   func hierarchy       FuncInst*
//   any and extern       i31: (value << 1) | 1 in the low 32 bits (upper 32 zero); else gc::Object*. Host
//                        references are gc objects of kind Host, so any.convert_extern and
//                        extern.convert_any are the identity.
//   exn                  gc::Object* of kind Exception
//
// Objects are aligned to 16 bytes, so bit 0 tells i31 from pointers.
#pragma once

#include <cstdint>

namespace skiff {

using Ref = uint64_t;
inline constexpr Ref kNullRef = 0;
constexpr bool is_i31(Ref r) { return r & 1; }
/// Spec: exec-ref.i31. The low 31 bits.
constexpr Ref make_i31(uint32_t v) { return static_cast<uint32_t>(v << 1) | 1u; }
constexpr int32_t i31_get_s(Ref r) { return static_cast<int32_t>(static_cast<uint32_t>(r)) >> 1; }
constexpr uint32_t i31_get_u(Ref r) { return static_cast<uint32_t>(r) >> 1; }

}  // namespace skiff
