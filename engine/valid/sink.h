// FunctionSink: the seam between the walker (which decodes and type-checks a function body exactly once,
// Spec: valid-func) and whoever consumes it: nothing (plain validation), the interpreter's lowering, the
// compilers. Every tier is a FunctionSink; nobody else decodes bodies.
//
// What a sink may rely on:
//  - It sees only type-checked, REACHABLE code. After br, return, unreachable etc. nothing is delivered until
//    the `else`, `catch` or `end` of a block that was entered reachably. Blocks entered unreachably are
//    not delivered at all.
//  - Operands have exactly the types that the row of opcodes.def (or the rule) says; a sink keeps its own
//    stack. All types use canonical ids (types.h). Instr's index fields are module indices as decoded.
//  - `Instr` views live until the callback returns.
//  - If the body turns out invalid the walk stops: the sink must throw its work away.
//
// Resolved fields: see ResolvedInstr.
#pragma once

#include <concepts>
#include <span>

#include "engine/syntax/instr.h"
#include "engine/syntax/module.h"
#include "engine/syntax/type_registry.h"

namespace skiff {

/// A function as a sink sees it before its first instruction.
struct FunctionHeader {
  uint32_t index = 0;                  // function index (imports included)
  uint32_t type_id = 0;                // canonical id
  const FuncType* type = nullptr;      // canonical
  std::span<const ValType> locals;     // parameters, then declared locals
};

/// What validation found out beyond the immediates.
struct ResolvedInstr {
  /// call, call_indirect, call_ref and return_ forms; throw and catch (params = payload): canonical.
  const FuncType* func_type = nullptr;
  uint32_t type_id = 0;     // canonical id of func_type, or of Instr.index where it is a type index (GC)
  uint32_t type_id2 = 0;    // canonical id of index2 where it is a type index (array.copy)
  /// drop, select: the operand's type. local.*, global.*, table.*: the variable's or element's type.
  /// ref.is_null, ref.as_non_null, br_on_null ...: the operand's type. ref.null, ref.test, ref.cast: the
  /// target as a reference type. struct/array access: the field's storage type.
  ValType type;
  /// br_on_cast*: target type (type is the source).
  ValType type2;
  /// Address types of Instr's memory or table operand(s): index, index2.
  AddressType address = AddressType::I32;
  AddressType address2 = AddressType::I32;
};

/// A structured instruction. Spans live until the block's end has been delivered.
struct BlockInfo {
  Op op = Op::Block;                    // Block, Loop, If, TryTable, Try; the function body itself: Block
  std::span<const ValType> params;
  std::span<const ValType> results;
  uint32_t height = 0;                  // operand stack height below the params
  /// What a branch to it carries: params for a loop, else results.
  std::span<const ValType> label_types() const { return op == Op::Loop ? params : results; }
};

/// The stack as the walker sees it before the current instruction's operands are popped.
struct WalkView {
  uint32_t height = 0;                  // operands on the stack, all blocks together
  uint32_t depth = 0;                   // enclosing blocks; the function body is label `depth - 1`
};

template <class S>
concept FunctionSink = requires(S s, const FunctionHeader& header, const Instr& instr,
                                const ResolvedInstr& resolved, const BlockInfo& block,
                                const WalkView& view, bool falls_through) {
  /// Before the first instruction. The function body's own block is NOT delivered by block_begin, but its
  /// end is delivered by block_end with depth 1: falling through it returns.
  s.begin(header);
  /// Every instruction without structure, branches and calls included.
  s.instr(instr, resolved, view);
  /// block, loop, if, try_table, try: operands (and the condition of if) are on top of the stack.
  s.block_begin(instr, block, view);
  /// else; catch, catch_all of legacy try. `falls_through`: the part before it ends reachably. The new part
  /// starts with the block's params (else) or the tag's payload (catch; resolved.func_type) on the stack.
  s.block_else(instr, resolved, block, view, falls_through);
  /// end, or delegate of a legacy try. After it the block's results are on the stack, and code is
  /// reachable when it falls through, was branched to, or is an if without else.
  s.block_end(instr, block, view, falls_through);
  /// After the function's last `end`.
  s.end();
};

/// Validates only.
struct NullSink {
  void begin(const FunctionHeader&) {}
  void instr(const Instr&, const ResolvedInstr&, const WalkView&) {}
  void block_begin(const Instr&, const BlockInfo&, const WalkView&) {}
  void block_else(const Instr&, const ResolvedInstr&, const BlockInfo&, const WalkView&, bool) {}
  void block_end(const Instr&, const BlockInfo&, const WalkView&, bool) {}
  void end() {}
};
static_assert(FunctionSink<NullSink>);

}  // namespace skiff
