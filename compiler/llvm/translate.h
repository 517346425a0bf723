// FunctionTranslator: the FunctionSink that makes LLVM IR of a function body. The operand stack is a stack of
// LLVM values; locals are allocas that the optimiser turns into values. One object per function.
//
//   translate.cc    locals, constants, operators        ir_memory.cc, ir_atomic.cc   memories and tables
//   ir_control.cc   blocks and branches                 ir_ref_gc.cc                 references, structs, arrays
//   ir_call.cc      calls                               ir_eh.cc                     exceptions
//
// Blocks: the target of forward branches exists from the first branch to it on, and its phis with it. A block
// that nobody branches to costs nothing.
//
// Work is bounded: phis can be far more than the bytes that ask for them, so they are counted, and a function that
// goes beyond the limit is refused (too_large()).
#pragma once

#include "compiler/llvm/function_ir.h"
#include "compiler/llvm/pipeline.h"
#include "engine/valid/sink.h"

namespace skiff::llvm_tier {

class FunctionTranslator final : public FunctionIr {
 public:
  FunctionTranslator(ModuleIr& shared, uint32_t func_index);

  // FunctionSink.
  void begin(const FunctionHeader& header);
  void instr(const Instr& instr, const ResolvedInstr& resolved, const WalkView& view);
  void block_begin(const Instr& instr, const BlockInfo& block, const WalkView& view);
  void block_else(const Instr& instr, const ResolvedInstr& resolved, const BlockInfo& block, const WalkView& view,
                  bool falls_through);
  void block_end(const Instr& instr, const BlockInfo& block, const WalkView& view, bool falls_through);
  void end() {}

  bool too_large() const { return cost_ > kMaxCost; }
  /// What passes that take more than linear time can afford.
  Effort effort() const;

 private:
  using Value = llvm::Value;
  using BasicBlock = llvm::BasicBlock;
  using Values = llvm::SmallVector<Value*, 8>;
  static constexpr uint64_t kMaxCost = 3u << 20;   // operands of phis and calls beyond one per instruction
  static constexpr uint64_t kMaxLocalPhis = 300'000;
  static constexpr uint32_t kMaxLocals = 8000;  // making values of them takes more than linear time
  static constexpr uint32_t kMaxHeight = 1000;  // operands; compilers' output has a few dozen at most
  static constexpr uint32_t kMaxLoops = 100;    // around each other: analyses list each block in all of them
  static constexpr uint32_t kMaxDepth = 2000;   // blocks around each other

  struct Frame {
    Op op = Op::Block;
    bool in_body = true;                // Try, TryTable: exceptions of what is inside are this frame's
    uint32_t height = 0;
    uint32_t edges = 1;                 // branches to target, and
    uint64_t sets = 0;                  // writes to locals inside: how many phis these may cost
    std::span<const ValType> params, results;
    BasicBlock* target = nullptr;       // what branches go to
    std::vector<llvm::PHINode*> phis;   // of target
    BasicBlock* otherwise = nullptr;    // If: the else part
    std::vector<Value*> kept;           // If: parameters for the else part
    BasicBlock* landing_pad = nullptr;  // where invokes of the body unwind to
    BasicBlock* dispatch = nullptr;     // compares tags
    BasicBlock* next_test = nullptr;    // Try: where the next catch's test goes
    Value* exception = nullptr;         // Try, in a catch: its exnref
    std::vector<Catch> catches;         // TryTable
    std::span<const ValType> label_types() const { return op == Op::Loop ? params : results; }
  };

  // Operand stack.
  Value* pop() {
    Value* v = stack_.back();
    stack_.pop_back();
    return v;
  }
  void push(Value* v) { stack_.push_back(v); }
  /// The topmost n, deepest first; they stay.
  llvm::ArrayRef<Value*> top(size_t n) const { return llvm::ArrayRef<Value*>(stack_).take_back(n); }
  void drop(size_t n) { stack_.truncate(stack_.size() - n); }
  Values pop_many(size_t n) {
    Values v(top(n).begin(), top(n).end());
    drop(n);
    return v;
  }
  Value* condition();  // pops an i32, gives i1

  // translate.cc
  llvm::AllocaInst* local(uint32_t index);
  void emit_numeric(const Instr& instr);
  void emit_const(const Instr& instr);
  void emit_variable(const Instr& instr);
  void emit_parametric(const Instr& instr);
  void emit_other(const Instr& instr, const ResolvedInstr& r);
  Value* global_address(uint32_t index);
  void global_get(uint32_t index);
  void global_set(uint32_t index);
  void charge_fuel();
  void poll();

  // ir_control.cc
  Frame& frame_of(uint32_t label) { return frames_[frames_.size() - 1 - label]; }
  BasicBlock* target_of(Frame& frame);
  void add_edge(Frame& frame, llvm::ArrayRef<Value*> values);
  void enter_target(Frame& frame);
  void emit_control(const Instr& instr, const ResolvedInstr& r);
  void emit_br_if(Value* condition, uint32_t label, size_t dropped);
  void emit_br_table(const Instr& instr);
  void emit_br_on_null(const Instr& instr, bool on_null);
  void emit_br_on_cast(const Instr& instr, const ResolvedInstr& r);
  void emit_return_values();

  // ir_call.cc
  struct Callee {
    Value* entry = nullptr;
    Value* ctx = nullptr;
    Value* func_inst = nullptr;   // null: defined in this module
  };
  void emit_call_op(const Instr& instr, const ResolvedInstr& r);
  Callee callee_of(const Instr& instr, const ResolvedInstr& r);
  Callee static_callee(uint32_t table, Value* index, uint32_t type_id);
  Callee resolve(Value* func, uint32_t type_index, bool table_call);
  void emit_plain_call(const Callee& callee, const ResolvedInstr& r);
  void emit_tail_call(const Callee& callee, const ResolvedInstr& r);
  void finish_tail_call(const Signature& signature, Value* entry, Value* ctx, std::vector<Value*> args);
  /// A call that may throw: an invoke where a try is around it.
  Value* call_may_throw(llvm::FunctionType* type, Value* address, llvm::ArrayRef<Value*> args,
                        llvm::AttributeList attributes);

  // ir_memory.cc
  struct Place {
    Value* pointer = nullptr;
    bool is_volatile = true;
    bool checked = false;         // known to be in bounds
  };
  Place locate(const MemArg& arg, Value* index, AddressType address, uint32_t size, bool aligned);
  Value* effective_address(const MemArg& arg, Value* index, AddressType address);
  Value* memory_inst(uint32_t memory);
  Value* memory_base(uint32_t memory);
  Value* memory_length(uint32_t memory);
  bool is_guarded(uint32_t memory) const;
  Value* widen(Value* v) { return b.CreateZExt(v, b.getInt64Ty()); }
  Value* narrow(Value* v, AddressType a) { return a == AddressType::I64 ? v : b.CreateTrunc(v, b.getInt32Ty()); }
  Value* raw_load(llvm::Type* type, const Place& place);
  void raw_store(Value* value, const Place& place);
  void emit_memory_access(const Instr& instr, const ResolvedInstr& r);
  void emit_memory_op(const Instr& instr, const ResolvedInstr& r);
  bool emit_small_fill(const Instr& instr, const ResolvedInstr& r);
  bool emit_small_copy(const Instr& instr, const ResolvedInstr& r);
  Place small_range(uint32_t memory, Value* address, uint32_t size);
  void emit_table_op(const Instr& instr, const ResolvedInstr& r);
  Value* table_inst(uint32_t table);
  bool has_fixed_length(uint32_t table) const;
  Value* table_length(uint32_t table);
  Value* table_element(uint32_t table, Value* index, TrapCode trap);

  // ir_atomic.cc
  void emit_atomic(const Instr& instr, const ResolvedInstr& r);
  void emit_atomic_wait(const Instr& instr, const ResolvedInstr& r);

  // ir_ref_gc.cc
  void emit_reference(const Instr& instr, const ResolvedInstr& r);
  void emit_gc(const Instr& instr, const ResolvedInstr& r);
  void emit_struct_op(const Instr& instr, const ResolvedInstr& r);
  void emit_array_op(const Instr& instr, const ResolvedInstr& r);
  void emit_array_new(const Instr& instr, const ResolvedInstr& r);
  Value* ref_test(Value* ref, HeapType module_type, ValType canonical, ValType source);
  Value* test_abstract(Value* ref, HeapType target);
  Value* test_concrete(Value* ref, HeapType module_type, HeapType canonical);
  Value* field_load(ValType storage, Value* object, uint64_t offset, Op op);
  void field_store(ValType storage, Value* value, Value* object, uint64_t offset);
  Value* array_element(Value* array, Value* index, ValType storage);
  Value* pack_into_slots(llvm::ArrayRef<Value*> values, std::span<const ValType> types);

  // ir_eh.cc
  Frame* handler_frame(size_t below);
  BasicBlock* landing_pad(Frame& frame);
  BasicBlock* dispatch_of(Frame& frame);
  void emit_throw(const Instr& instr, const ResolvedInstr& r);
  void throw_exception(Value* exception);
  void pass_on(Frame* outer);
  void begin_try(const Instr& instr, Frame& frame);
  void emit_try_table_handlers(Frame& frame);
  void emit_catch(const Instr& instr, const ResolvedInstr& r, Frame& frame);
  void finish_try(const Instr& instr, Frame& frame);
  Value* tag_matches(Value* exception, uint32_t tag);
  void payload(Value* exception, uint32_t tag, llvm::SmallVectorImpl<Value*>& out);

  uint32_t index_;
  const FuncType* type_ = nullptr;
  const Signature* signature_ = nullptr;
  std::span<const ValType> local_types_;
  std::vector<llvm::AllocaInst*> locals_;
  std::vector<Value*> arguments_;
  llvm::SmallVector<Value*, 64> stack_;
  std::vector<Frame> frames_;
  llvm::AllocaInst* exception_slot_ = nullptr;  // of the exception that is on its way to a handler: exnref
  llvm::AllocaInst* unwind_slot_ = nullptr;     // and the unwinder's object
  uint64_t cost_ = 0;
  uint64_t local_phis_ = 0;                     // at most so many operands of phis for locals
  uint32_t touched_locals_ = 0;
  uint32_t max_height_ = 0;
  uint32_t loops_ = 0, max_loops_ = 0;          // loops around this place
  size_t max_depth_ = 0;
  uint64_t fuel_ = 0;                           // instructions not yet charged
};

}  // namespace skiff::llvm_tier
