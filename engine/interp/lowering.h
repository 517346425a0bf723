// Lowering: the FunctionSink behind lower.h, split by kind of instruction over lower*.cc.
//
// Symbolic operand stack. Each operand has a canonical slot, given by the stack height, but its value may be
// elsewhere: in a local that it was read from (Local), nowhere yet (Const), or in an accumulator (Acc), until
// somebody needs it in its slot. What always holds:
//  - At most one operand is in each accumulator, and its producer (the instruction at `acc.producer`) can be
//  changed
//    to write the canonical slot as well, by taking the next code and leaving the operands as they are.
//  - `acc.slot` is a slot whose value the accumulator also holds, or kNone.
//  - Operands below `flushed_` are in their slots or constants. At labels all operands are.
//  - Local operands of one local form a list from the top down (alias_heads_), so that writing to the local
//  finds them.
#pragma once

#include <vector>

#include "engine/interp/lower.h"
#include "engine/valid/sink.h"

namespace skiff::interp {

/// First internal opcode of an opcode that has forms in codes.inc.
Code first_code(Op op);
/// Integer operators that may become part of the next instruction: comparisons, bitwise and, shl.
bool is_fusible_op(Op op);
/// Value type of a signature letter but `a` and `t`.
ValType letter_type(char letter);

class Lowering {
 public:
  Lowering(const LowerContext& context, FuncCode& out);

  // FunctionSink.
  void begin(const FunctionHeader& header);
  void instr(const Instr& e, const ResolvedInstr& resolved, const WalkView& view);
  void block_begin(const Instr& e, const BlockInfo& block, const WalkView& view);
  void block_else(const Instr& e, const ResolvedInstr& resolved, const BlockInfo& block, const WalkView& view,
                  bool falls_through);
  void block_end(const Instr& e, const BlockInfo& block, const WalkView& view, bool falls_through);
  void end();

 private:
  static constexpr int32_t kNone = INT32_MIN;
  static constexpr uint32_t kNoPos = ~uint32_t{0};

  enum class Class : uint8_t { Int, Float, Vector };  // accumulator that a type uses; Vector: none
  // Where a local was read: its index, and the next lower operand that is a read of it, + 1; 0: none.
  struct Read {
    uint32_t local;
    uint32_t next;
  };
  struct Operand {
    enum class Where : uint8_t { Slot, Local, Const, Acc };
    Where where = Where::Slot;
    ValType type;
    int32_t slot = 0;  // canonical
    union {
      uint64_t bits = 0;  // Const (numbers and null; never v128)
      Read read;          // Local
    };
  };
  // An accumulator.
  struct Acc {
    uint32_t operand = kNoPos;   // index of the operand that is only here, or kNoPos
    uint32_t producer = kNoPos;  // its instruction
    Code code = {};
    int32_t slot = kNone;  // slot with the same value
  };
  // A resolved source: its form and the word (or words) that go into the instruction.
  struct Source {
    Src form = Src::S;
    int32_t slot = 0;
    uint64_t bits = 0;
  };
  // What a conditional branch depends on; its operands have been popped.
  struct Condition {
    enum class Kind : uint8_t { Compare, Value32, Value64, Cast } kind = Kind::Value32;
    Op op = {};          // Compare
    ValType target;      // Cast
    Source left, right;  // the value is in `left`
  };
  struct Block {
    Op op = Op::Block;
    bool bound = false;  // loops: `label` is known
    bool branched = false;
    bool if_open = false;        // if: the else branch or end is still to come
    bool in_catch = false;       // legacy try: in a handler; one hidden operand lies below
    uint32_t label = 0;          // bound: word
    uint32_t fixups = 0;         // else: word of the last branch to patch, a chain; 0: none
    uint32_t clause_fixups = 0;  // clauses whose target is this label: index + 1, a chain through target
    uint32_t else_fixup = 0;     // if: word of the offset
    uint32_t height = 0;         // operands below the parameters
    int32_t base = 0;            // slot of the first label value
    uint32_t try_begin = 0;      // try, try_table: word where it begins
    uint32_t try_end = 0;        // legacy try: word where its body ends, 0 while in it
    uint32_t first_catch = 0;    // try_table: its clauses in catches_
    uint32_t head_end = 0;  // loop whose first instruction is a conditional exit: where that ends, else 0
    Condition head;         // ... its condition
    bool head_sense = false;
    uint32_t head_exit = 0;  // ... index of the block it leaves
    uint32_t stub = 0;       // br_table: chain of entries that lead to the moves for this label
    std::span<const ValType> params;
    std::span<const ValType> results;
    std::span<const ValType> label_types() const { return op == Op::Loop ? params : results; }
  };

  // Code. Instructions that may trap or call say so before they are begun.
  uint32_t here() const { return static_cast<uint32_t>(code_.size()); }
  uint32_t emit(Code code);  // returns its position
  void word(uint32_t w) { code_.push_back(w); }
  void slot_word(int32_t s) { code_.push_back(static_cast<uint32_t>(s)); }
  void word64(uint64_t w);
  void words(std::initializer_list<uint32_t> list) { code_.insert(code_.end(), list); }
  void charge_fuel();  // for the instructions since the last time
  void mark_offset();  // the next instruction belongs to the wasm instruction at offset_
  static Code plus(Code code, uint32_t n) { return static_cast<Code>(static_cast<uint32_t>(code) + n); }

  // Operands.
  static Class class_of(ValType t);
  Acc& acc_of(Class c) { return c == Class::Float ? float_acc_ : int_acc_; }
  int32_t top_slot() const { return top_slot_; }
  Operand& push(ValType type);  // in its slot
  void push_local(ValType type, uint32_t local);
  void push_const(ValType type, uint64_t bits);
  Operand pop();
  void drop(uint32_t n);
  void drop_to(uint32_t height);
  void unlink_alias(Operand& o);           // Local operand, the uppermost of its local
  int32_t slot_at(uint32_t height) const;  // canonical slot of the operand with that index
  void use_slot(int32_t end);              // the frame extends to `end`

  Source source(const Operand& o, bool acc = true, bool imm = false);
  int32_t slot_of(const Operand& o) { return source(o, false, false).slot; }
  void put_source(const Source& s, ValType type);
  void retarget(Acc& acc, int32_t slot);  // the producer also writes this slot
  void spill(Acc& acc);                   // the operand that is only here gets its slot
  void spill_all();
  void wrote(int32_t slot, int32_t n);  // an instruction wrote slots, not from an accumulator
  void flush(Operand& o, bool consts);
  void flush_all(uint32_t top_consts);  // all operands, and constants among that many uppermost
  int32_t flush_top(uint32_t n);        // the n uppermost; returns the slot of the first
  /// `last_use`: the operand is not needed any more.
  void move_to(const Operand& o, int32_t slot, bool last_use);
  void save_aliases(uint32_t local);  // operands that are reads of a local get values of their own
  void reset_accs();

  bool is_fusible(const Operand& popped) const;
  void unemit();  // takes the fusible instruction back
  bool add_scaled(const Operand& a, const Operand& b);
  // Results of instructions: a pair instruction's is left in the accumulator for now; begin_pair writes
  // handler and destination, the caller the other words, then push_pair.
  uint32_t begin_pair(Code code, ValType type);
  void push_pair(uint32_t pos, Code code, ValType type);
  void begin_dst(Code code, ValType type);  // destination only in a slot: the top of the stack to be
  void push_dst(ValType type);

  // Kinds of instructions (lower_ops.cc, lower_memory.cc, lower_ref_gc.cc).
  void unary(Op op);
  void wrap();
  void binary(Op op);
  void constant(const Instr& e);
  void vector_op(const Instr& e);
  void wide_op(const Instr& e);
  void variable(const Instr& e, const ResolvedInstr& resolved);
  void local_set(uint32_t index, bool tee);
  void parametric(const Instr& e);
  void load(const Instr& e, const ResolvedInstr& resolved);
  void store(const Instr& e, const ResolvedInstr& resolved);
  void lane_access(const Instr& e, const ResolvedInstr& resolved);
  void atomic(const Instr& e, const ResolvedInstr& resolved);
  void general_words(const Instr& e, AddressType address);
  Mem memory_kind(const Instr& e) const;
  AddressType memory_address(uint32_t index) const;
  AddressType table_address(uint32_t index) const;
  void memory_op(const Instr& e, const ResolvedInstr& resolved);
  void table_op(const Instr& e, const ResolvedInstr& resolved);
  void reference(const Instr& e, const ResolvedInstr& resolved);
  void gc(const Instr& e, const ResolvedInstr& resolved);
  void gc_get(Code code, uint32_t operands, uint32_t field, int sign, ValType type);
  void gc_slots(Code code, uint32_t operands, std::initializer_list<uint32_t> tail);
  void base_op(Code code, uint32_t pops, std::initializer_list<uint32_t> tail);

  // Control (lower_control.cc).
  void control(const Instr& e, const ResolvedInstr& resolved);
  void call(const Instr& e, const ResolvedInstr& resolved);
  void call_done(const FuncType& type, int32_t base);
  void br(uint32_t label);
  void br_if(uint32_t label);
  void br_table(const Instr& e);
  void br_on_null(const Instr& e);
  void br_on_cast(const Instr& e, const ResolvedInstr& resolved);
  void do_return();
  Condition take_condition();
  /// Branches when the condition is `sense`; returns the word of the offset.
  uint32_t branch_when(const Condition& c, bool sense, bool back);
  void branch_to_label(const Condition& c, bool sense, Block& b);
  void note_loop_head(const Condition& c, bool sense, const Block& exit, uint32_t pos);
  void jump_to_loop(const Block& b);
  bool label_in_place(const Block& b) const;
  void move_label_values(const Block& b, bool last_use);
  void link(uint32_t offset_word, Block& b);  // the branch in that word leads to b's label
  void jump(Block& b);
  void bind(Block& b);
  void set_offset(uint32_t offset_word, uint32_t target) { code_[offset_word] = target - (offset_word - 2); }
  void push_all(std::span<const ValType> types);
  void close(Block& b, bool falls_through);
  void end_try_table(Block& b);
  void begin_catch(const Instr& e, const ResolvedInstr& resolved, Block& b);
  Block& block_at(uint32_t label) { return blocks_[blocks_.size() - 1 - label]; }

  const LowerContext& context_;
  FuncCode& out_;
  const FuncType* type_ = nullptr;
  std::span<const ValType> locals_;
  std::vector<int32_t> local_slots_;
  std::vector<uint32_t> alias_heads_;  // by local, index of the uppermost operand + 1
  std::vector<Operand> stack_;
  std::vector<Block> blocks_;
  std::vector<Word> code_;
  std::vector<Catch> catches_;  // of the try_tables that are open
  int32_t param_slots_ = 0;
  int32_t result_slots_ = 0;
  int32_t operand_base_ = 0;
  int32_t top_slot_ = 0;
  int32_t max_slot_ = 0;
  uint32_t flushed_ = 0;
  Acc int_acc_, float_acc_;
  // The last instruction, while nothing (a label) has come after it: for changing its destination.
  uint32_t last_ = kNoPos;
  int32_t last_slot_ = kNone;  // slot that word 2 of it names as its only destination
  // The integer operator that is the last instruction, if it is one that can become part of another
  // (comparisons, bitwise and, shifts by a constant), its operands, and the accumulator as it was before.
  uint32_t fusible_ = kNoPos;
  Op fusible_op_ = {};
  Source fusible_left_, fusible_right_;
  Acc fusible_acc_;
  uint64_t offset_ = 0;  // of the current wasm instruction
  uint32_t fuel_ = 1;    // instructions not yet charged, and the call itself
  uint32_t marked_word_ = 0;
  uint64_t marked_offset_ = 0;
  std::vector<uint32_t> stub_labels_;  // br_table: labels that need moves
};

static_assert(FunctionSink<Lowering>);

}  // namespace skiff::interp
