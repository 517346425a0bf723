// Consumers of the semantics functions include this: numeric.h, simd.h and what is needed to expand over
// the table. semantics.cc checks at compile time that each function agrees with its row.
//
// To expand, define one macro per Shape and let the table's column choose it; the shapes that are not
// wanted expand to nothing:
//
//   #define HANDLE_Unary(NAME)  ...num::NAME...     (what it takes and returns: FnTraits)
//   #define WASM_OP(NAME, PREFIX, CODE, TEXT, IMM, SIG, SHAPE, ...) HANDLE_##SHAPE(NAME)
//   #include "engine/syntax/opcodes.def"
#pragma once

#include <cstddef>
#include <tuple>

#include "engine/exec/numeric.h"
#include "engine/exec/simd.h"

namespace skiff::num {

/// Result and parameter types of a semantics function: FnTraits<decltype(&num::I32Add)>, Fn<num::I32Add>.
template <class F>
struct FnTraits;
template <class R, class... P>
struct FnTraits<R (*)(P...)> {
  using Result = R;
  static constexpr size_t kArity = sizeof...(P);
  template <size_t I>
  using Param = std::tuple_element_t<I, std::tuple<P...>>;
};
template <auto F>
using Fn = FnTraits<decltype(F)>;

/// Type letter of opcodes.def for a value type, '?' for other types.
template <class T>
constexpr char type_letter() {
  if (std::is_same_v<T, uint32_t>) return 'i';
  if (std::is_same_v<T, uint64_t>) return 'l';
  if (std::is_same_v<T, float>) return 'f';
  if (std::is_same_v<T, double>) return 'd';
  if (std::is_same_v<T, V128>) return 'v';
  return '?';
}

}  // namespace skiff::num
