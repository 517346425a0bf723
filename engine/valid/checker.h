// FunctionChecker: the typing rules (Spec: valid-instr, and the algorithm of the appendix) on one body or
// constant expression. It knows no sink: FunctionWalker (walker.h) drives it and delivers. Rows of
// opcodes.def with a signature are checked by check_signature(); the '*' rows by the rules of
// rules_control.cc, rules_ref_gc.cc and rules_misc.cc; which one is in the table of rules.cc.
//
// Everything on the operand stack is canonical; equal bits is the common case of matching.
// Errors stick in the Reader, at the offset of the instruction; functions return false once there is one.
// Room: the operand stack always has space for one more operand per unread byte (plus slack), so that push()
// needs no check; push_all() makes room for whole lists.
#pragma once

#include <array>
#include <span>
#include <string>

#include "engine/base/check.h"
#include "engine/base/reader.h"
#include "engine/base/result.h"
#include "engine/binary/decode_instr.h"
#include "engine/valid/sink.h"
#include "engine/valid/stacks.h"
#include "engine/valid/valid.h"

namespace skiff {

class FunctionChecker {
 protected:
  FunctionChecker(const ModuleInfo& info, const CodeBytes& code, WalkScratch& scratch, ErrorCode end_error);

  // ------------------------------------------------------------------------------------------ set up
  /// Decodes the locals and opens the function's own block. header_.locals is complete if `all_locals`.
  bool enter_function(uint32_t func_index, bool all_locals);
  bool decode_locals(size_t listed);
  /// Opens the block of a constant expression.
  void enter_const_expr(ValType expected);
  /// After the last `end`.
  bool finish();
  Error take_error();

  // ------------------------------------------------------------------------------------------- rules
  /// Checks instr_, which is neither a structured instruction nor its else, catch or end. Fills resolved_.
  bool check_instr();
  bool check_block();  // block loop if try_table try: afterwards top_ is its frame
  bool check_part();   // else catch catch_all: afterwards the new part has begun
  bool check_end();    // end delegate: afterwards the frame is popped (its storage still holds it)

  /// Opens a block at this height; what it takes and gives is for the caller to fill in.
  ControlFrame& open_block(Op op, uint32_t height) {
    ControlFrame& f = scratch_.control.push();
    f.info = {op, {}, {}, height};
    f.part = op;
    f.unreachable = false;
    f.delivered = live_;
    f.end_reached = false;
    f.initialised = static_cast<uint32_t>(scratch_.trail.size());
    f.seen = kNoOffset;
    return f;
  }
  /// Leaves the current part of the block, whose results have been checked.
  void leave_part(ControlFrame& f) {
    f.end_reached |= live_;
    if (tracks_locals_) reset_initialised(f.initialised);
  }
  /// Closes the block that leave_part() has left. False at the end of the function.
  bool close_block(const ControlFrame& f) {
    scratch_.control.pop();
    live_ = f.delivered && f.end_reached;
    top_ = scratch_.control.size() == 0 ? nullptr : &scratch_.control.label(0);
    if (top_ == nullptr) return false;
    base_ = stack_ + top_->info.height;
    return true;
  }

  // Rows with a signature.
  bool check_signature();
  bool check_immediate(const OpInfo& row, ValType& address);
  bool check_memarg(const OpInfo& row);
  bool check_lanes(const OpInfo& row);

  // The function that checks a row.
  using Rule = bool (FunctionChecker::*)();
  static constexpr Rule rule_of(Op op);
  static const std::array<Rule, kOpCount> kRules;

  // rules_control.cc
  bool check_unreachable();
  bool check_catches();
  bool close_part();
  bool check_br();
  bool check_br_if();
  bool check_br_table();
  bool check_return();
  bool check_call();
  bool check_call_indirect();
  bool check_call_ref();
  bool check_throw();
  bool check_throw_ref();
  bool check_rethrow();
  bool call(uint32_t type_id, bool tail);

  // rules_ref_gc.cc
  bool check_ref_null();
  bool check_ref_func();
  bool check_ref_unary();
  bool check_ref_eq();
  bool check_ref_i31();
  bool check_i31_get();
  bool check_br_on_null();
  bool check_br_on_non_null();
  bool check_br_on_cast();
  bool check_ref_cast();
  bool check_convert();
  bool check_struct_new();
  bool check_struct_access();
  bool check_array_new();
  bool check_array_new_segment();
  bool check_array_access();
  bool check_array_len();
  bool check_array_fill();
  bool check_array_copy();
  bool check_array_init();
  bool data_source(const FieldType& field);
  bool elem_source(const FieldType& field);
  const CanonType* composite(uint32_t index, CompositeType::Kind kind);

  // rules_misc.cc
  bool check_drop();
  bool check_select();
  bool check_select_typed();
  bool check_local_get();
  bool check_local_set();
  bool check_global_get();
  bool check_global_set();
  bool check_table_access();
  bool check_table_init();
  bool check_table_copy();
  bool check_memory_init();
  bool check_memory_copy();
  bool check_constant();

  // ----------------------------------------------------------------------------------------- indices
  bool has_index(uint32_t index, size_t size, ErrorCode unknown);
  bool table_index(uint32_t index) { return has_index(index, info_.tables.size(), ErrorCode::UnknownTable); }
  bool memory_index(uint32_t i) { return has_index(i, module_.memories.size(), ErrorCode::UnknownMemory); }
  bool data_index(uint32_t index);
  bool elem_index(uint32_t index) {
    return has_index(index, info_.elem_types.size(), ErrorCode::UnknownElem);
  }
  /// The frame that a label means, or null.
  ControlFrame* label(uint32_t depth) {
    if (depth < scratch_.control.size()) [[likely]]
      return &scratch_.control.label(depth);
    error(ErrorCode::UnknownLabel, " " + std::to_string(depth));
    return nullptr;
  }
  bool local_type(uint32_t index, ValType& type);
  /// Canonicalises a type decoded from the body.
  bool resolve(ValType& type);
  /// The canonical id of a type index that must be a function type's.
  bool resolve_func_type(uint32_t index, uint32_t& id);

  // ------------------------------------------------------------------------------------------- stack
  uint32_t height() const { return static_cast<uint32_t>(sp_ - stack_); }
  uint32_t depth() const { return scratch_.control.size(); }
  WalkView view() const { return {height(), depth()}; }
  bool matches(ValType sub, ValType super) const { return sub == super || matches_slow(sub, super); }
  bool matches_slow(ValType sub, ValType super) const;

  void push(ValType type) {
    SKIFF_DCHECK(sp_ < room_end_);
    *sp_++ = type;
  }
  /// Errors: ImplementationLimit when the stack would become absurdly high.
  bool push_all(std::span<const ValType> types) { return types.empty() || push_list(types); }
  bool push_list(std::span<const ValType> types);
  bool pop(ValType expected) {
    if (sp_ > base_) [[likely]] {
      const ValType found = *--sp_;
      return found == expected || matches_slow(found, expected) || mismatch(expected, found);
    }
    return top_->unreachable || underflow(expected);
  }
  /// Pops anything; Bot where the stack is polymorphic.
  bool pop_any(ValType& found) {
    found = ValType::Bot;
    if (sp_ > base_) [[likely]] {
      found = *--sp_;
      return true;
    }
    return top_->unreachable || underflow(ValType::Bot);
  }
  /// Pops a reference of any type, or Bot.
  bool pop_ref(ValType& found);
  bool pop_all(std::span<const ValType> types) { return types.empty() || pop_list(types); }
  bool pop_list(std::span<const ValType> types);
  /// Nothing but a polymorphic stack is left: any pop succeeds.
  bool bottomless() const { return sp_ == base_ && top_->unreachable; }
  /// Checks that the topmost operands are of these types, without popping.
  bool top_matches(std::span<const ValType> types);
  /// Spec: the rest of the block is unreachable.
  void set_unreachable() {
    sp_ = base_;
    top_->unreachable = true;
    live_ = false;
  }
  void branches_to(ControlFrame& frame) { frame.end_reached |= live_ && frame.info.op != Op::Loop; }
  void set_initialised(uint32_t local);
  void reset_initialised(uint32_t trail_height);

  // ------------------------------------------------------------------------------------------ errors
  [[gnu::cold, gnu::noinline]] bool error(ErrorCode code, std::string detail = {});
  [[gnu::cold, gnu::noinline]] bool mismatch(ValType expected, ValType found);
  [[gnu::cold, gnu::noinline]] bool underflow(ValType expected);

  const ModuleInfo& info_;
  const Module& module_;
  const TypeRegistry& registry_;
  WalkScratch& scratch_;
  Reader reader_;
  DecodeContext context_;
  Instr& instr_;
  ResolvedInstr resolved_;

  ValType* stack_ = nullptr;  // bottom of all operands
  ValType* base_ = nullptr;   // bottom of the current block's
  ValType* sp_ = nullptr;
  ValType* room_end_ = nullptr;  // end of the array
  ControlFrame* top_ = nullptr;  // null after the last `end`
  bool live_ = true;             // what is checked now is reachable and delivered
  bool constant_ = false;
  bool tracks_locals_ = false;       // some local has no default value
  bool quick_memory_ = false;        // memory 0 exists and has 32-bit addresses
  std::span<const ValType> locals_;  // the first ones at least
  uint32_t local_count_ = 0;
  FunctionHeader header_;
};

}  // namespace skiff
