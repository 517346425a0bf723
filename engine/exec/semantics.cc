// Compile-time checks: every row of opcodes.def whose shape names a semantics function has one, with the
// C++ signature that its signature letters, access width and trap column demand. No code comes from here.
#include "engine/exec/semantics.h"

#include <string_view>

#include "engine/syntax/opcode.h"

namespace skiff::num {
namespace {

/// A signature as in the table, up to a handful of letters.
struct Letters {
  char text[8] = {};
  size_t size = 0;
  constexpr void push(char c) { text[size++] = c; }
  constexpr bool operator==(std::string_view s) const { return std::string_view(text, size) == s; }
};

template <class T>
constexpr bool is_raw(uint8_t width) {
  return sizeof(T) == size_t{1} << width && !std::is_reference_v<T>;
}

/// Letters of operands and results; the last parameter is the result when the function may trap.
template <class R, class... P>
constexpr Letters pure_signature(Trapping traps) {
  constexpr char params[] = {type_letter<std::remove_reference_t<P>>()...};
  constexpr bool by_reference[] = {std::is_reference_v<P>...};
  const size_t operands = sizeof...(P) - (traps == Trapping::MayTrap ? 1 : 0);
  Letters out;
  for (size_t i = 0; i < operands; ++i) out.push(by_reference[i] ? '?' : params[i]);
  out.push(':');
  if (std::is_same_v<R, WidePair>) {
    out.push('l'), out.push('l');
  } else if (traps == Trapping::MayTrap) {
    out.push(std::is_same_v<R, TrapCode> && by_reference[operands] ? params[operands] : '?');
  } else {
    out.push(type_letter<R>());
  }
  return out;
}

/// True when `f` is what the row promises.
template <class R, class... P>
constexpr bool agrees(const OpInfo& row, R (*)(P...)) {
  using First = std::tuple_element_t<0, std::tuple<P...>>;
  using Second = std::tuple_element_t<(sizeof...(P) > 1), std::tuple<P...>>;
  const std::string_view sig = row.sig;
  switch (row.shape) {
    case Shape::Unary:
    case Shape::Binary:
    case Shape::Ternary:
    case Shape::Wide:
      return pure_signature<R, P...>(row.traps) == sig;
    case Shape::ExtractLane:
      return std::is_same_v<R(P...), R(V128, uint8_t)> && sig[2] == type_letter<R>();
    case Shape::ReplaceLane:
      return std::is_same_v<R(P...), V128(V128, Second, uint8_t)> && sig[1] == type_letter<Second>();
    case Shape::Shuffle:
      return std::is_same_v<R(P...), V128(V128, V128, const std::array<uint8_t, 16>&)>;
    case Shape::Load:
    case Shape::AtomicLoad:
      return sizeof...(P) == 1 && is_raw<First>(row.width) && sig[2] == type_letter<R>();
    case Shape::Store:
    case Shape::AtomicStore:
      return sizeof...(P) == 1 && is_raw<R>(row.width) && sig[1] == type_letter<First>();
    case Shape::LoadLane:
      return std::is_same_v<R(P...), V128(First, V128, uint8_t)> && is_raw<First>(row.width);
    case Shape::StoreLane:
      return std::is_same_v<R(P...), R(V128, uint8_t)> && is_raw<R>(row.width);
    case Shape::AtomicRmw:
    case Shape::AtomicCmpxchg: {
      constexpr char params[] = {type_letter<P>()...};
      for (size_t i = 1; i < sizeof...(P); ++i)
        if (params[i] != sig.back()) return false;
      return sizeof...(P) == (row.shape == Shape::AtomicRmw ? 2 : 3) && std::is_same_v<R, First> &&
             std::is_unsigned_v<R> && is_raw<R>(row.width);
    }
    case Shape::Const:
    case Shape::AtomicNotify:
    case Shape::AtomicWait:
    case Shape::AtomicFence:
    case Shape::Control:
    case Shape::Call:
    case Shape::Parametric:
    case Shape::Variable:
    case Shape::Table:
    case Shape::Memory:
    case Shape::Reference:
    case Shape::Gc:
      return false;
  }
  return false;
}

#define CHECK(NAME) static_assert(agrees(info(Op::NAME), &num::NAME), #NAME " disagrees with opcodes.def");
#define CHECK_Unary CHECK
#define CHECK_Binary CHECK
#define CHECK_Ternary CHECK
#define CHECK_Wide CHECK
#define CHECK_ExtractLane CHECK
#define CHECK_ReplaceLane CHECK
#define CHECK_Shuffle CHECK
#define CHECK_Load CHECK
#define CHECK_Store CHECK
#define CHECK_LoadLane CHECK
#define CHECK_StoreLane CHECK
#define CHECK_AtomicLoad CHECK
#define CHECK_AtomicStore CHECK
#define CHECK_AtomicRmw CHECK
#define CHECK_AtomicCmpxchg CHECK
#define CHECK_Const(NAME)
#define CHECK_AtomicNotify(NAME)
#define CHECK_AtomicWait(NAME)
#define CHECK_AtomicFence(NAME)
#define CHECK_Control(NAME)
#define CHECK_Call(NAME)
#define CHECK_Parametric(NAME)
#define CHECK_Variable(NAME)
#define CHECK_Table(NAME)
#define CHECK_Memory(NAME)
#define CHECK_Reference(NAME)
#define CHECK_Gc(NAME)
#define WASM_OP(NAME, PREFIX, CODE, TEXT, IMM, SIG, SHAPE, FEATURE, TRAP, WIDTH) CHECK_##SHAPE(NAME)
#include "engine/syntax/opcodes.def"
#undef WASM_OP

}  // namespace
}  // namespace skiff::num
