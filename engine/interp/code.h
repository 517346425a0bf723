// The compact code of the interpreter: what lowering (lower.h) writes and the handlers (dispatch.cc) run.
//
// Code is a stream of 32-bit words. An instruction is the address of its handler (two words), then
// operands: slots relative to the frame (signed), immediates, branch offsets. Every branch offset lies in
// a word w and leads to the instruction at w - 2 + offset (in words).
//
// Frame, growing upwards, in 8-byte slots relative to fp (a v128 takes two):
//   -params .. -1      parameters, where the caller put the arguments; results overwrite them from the start
//   0 .. 3             header, see FrameHeader
//   4 ..               declared locals, then operands, each at the place that its stack height gives
//
// Besides the slots there are two accumulators, one for integers and references, one for floats: a result
// goes to its slot or stays in the accumulator (Dst), an operand comes from either, or from the code (Src).
// The upper half of an i32 in a slot or in the accumulator means nothing: readers look at 32 bits only.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/exec/vmctx.h"
#include "engine/syntax/opcode.h"

static_assert(sizeof(void*) == 8, "code holds addresses in two words");

namespace skiff::interp {

using Word = uint32_t;
using Pc = const Word*;

/// Words of the handler's address.
inline constexpr uint32_t kHandlerWords = 2;

/// Where an operand is.
enum class Src : uint8_t { S, A, I };  // slot, accumulator, immediate in the code
/// Where a result goes. Results in slots are left in the accumulator as well.
enum class Dst : uint8_t { A, S };
/// In the word that names a memory: its addresses have 64 bits.
inline constexpr Word kAddress64 = Word{1} << 31;

/// How memory is accessed: memory 0 unchecked, memory 0 checked, any memory with any address type.
enum class Mem : uint8_t { Guarded, Checked, General };

struct LazyFunc;

/// At fp. `ret`: where the caller goes on; its lowest bit says that the caller has another context.
struct FrameHeader {
  uintptr_t ret;
  Slot* caller;          // the caller's fp; null in the first frame of an activation
  const LazyFunc* func;  // the function of this frame
  VmCtx* ctx;            // its instance
};
inline constexpr uint32_t kHeaderSlots = sizeof(FrameHeader) / sizeof(Slot);

inline FrameHeader& header_of(Slot* fp) { return *reinterpret_cast<FrameHeader*>(fp); }

/// One clause of a try_table or legacy try, or a delegate. Clauses of inner blocks come first.
struct CatchClause {
  enum class Kind : uint8_t { Tag, All, Delegate };
  uint32_t begin = 0;  // words covered: [begin, end)
  uint32_t end = 0;
  uint32_t target = 0;       // Tag, All: word to go on at
  uint32_t tag = 0;          // Tag: module tag index
  uint32_t depth = 0;        // block depth of the try
  uint32_t delegate_to = 0;  // Delegate: clauses deeper than this are passed over
  int32_t payload = 0;       // slot where the payload goes
  int32_t exn = 0;           // slot where the exception goes, if keep_exn
  Kind kind = Kind::All;
  bool keep_exn = false;
  bool exn_after_payload = false;  // the exception goes to the slot after the payload
};

/// A lowered function. Immutable.
struct FuncCode {
  uint32_t frame_slots = 0;  // header, locals and operands, and the header of a callee
  uint32_t zero_pairs = 0;   // pairs of slots after the header to clear
  Pc entry = nullptr;
  uint32_t words = 0;
  uint64_t body_offset = 0;  // of the function in the module, base of `offsets`
  std::unique_ptr<Word[]> code;
  /// (words, bytes) as LEB128 deltas for each instruction that may trap or call, in code order.
  std::vector<uint8_t> offsets;
  std::vector<CatchClause> clauses;

  /// Byte offset in the module of the instruction that contains word `pos`.
  uint64_t offset_of(uint32_t pos) const;
  size_t bytes() const;
};

class ModuleCode;

/// A function that is lowered at its first call. What FuncInst::code points to.
struct LazyFunc {
  /// What calls enter: a stub at first, then the lowered code, and another stub when a compiler has taken over.
  std::atomic<const FuncCode*> code{nullptr};
  /// What its frames are in: the same without the last step.
  std::atomic<const FuncCode*> lowered{nullptr};
  ModuleCode* module = nullptr;
  uint32_t index = 0;  // function index
  uint32_t param_slots = 0;
  uint32_t result_slots = 0;
};

/// Internal opcodes: several for each of opcodes.def, see codes.inc. The first one of an opcode has its name.
enum class Code : uint16_t {
#define SKIFF_CODE(NAME, ...) NAME,
#include "engine/interp/codes.inc"
#undef SKIFF_CODE
};

/// Writes the address of a code's handler to two words.
void put_handler(Word* to, Code code);

}  // namespace skiff::interp
