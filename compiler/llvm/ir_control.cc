// Blocks, branches and returns.
#include "compiler/llvm/translate.h"
#include "engine/base/check.h"
#include "llvm/ADT/DenseMap.h"

namespace skiff::llvm_tier {

using llvm::BasicBlock;
using llvm::PHINode;
using llvm::Value;

BasicBlock* FunctionTranslator::target_of(Frame& frame) {
  if (!frame.target) {
    frame.target = new_block("end");
    llvm::IRBuilder<> at(frame.target);
    for (ValType t : frame.label_types()) frame.phis.push_back(at.CreatePHI(type(t), 2));
    cost_ += frame.phis.size();
  }
  return frame.target;
}

// The current block is, or is about to be, a predecessor of the frame's target.
void FunctionTranslator::add_edge(Frame& frame, llvm::ArrayRef<Value*> values) {
  target_of(frame);
  ++frame.edges;
  // Beyond the limit the function is thrown away; what matters is to stop growing.
  cost_ += values.size();
  if (too_large()) return;
  for (size_t i = 0; i < values.size(); ++i) frame.phis[i]->addIncoming(values[i], b.GetInsertBlock());
}

void FunctionTranslator::block_begin(const Instr& instr, const BlockInfo& block, const WalkView&) {
  set_location(instr.offset);
  charge_fuel();
  Frame frame;
  frame.op = block.op;
  frame.params = block.params;
  frame.results = block.results;
  const size_t params = block.params.size();
  switch (block.op) {
    case Op::If: {
      Value* choice = condition();
      BasicBlock* then = new_block("then");
      frame.otherwise = new_block("else");
      frame.kept.assign(top(params).begin(), top(params).end());
      cost_ += params;
      b.CreateCondBr(choice, then, frame.otherwise);
      b.SetInsertPoint(then);
      break;
    }
    case Op::Loop: {
      const Values values = pop_many(params);
      frame.target = new_block("loop");
      max_loops_ = std::max(max_loops_, ++loops_);
      BasicBlock* before = b.GetInsertBlock();
      b.CreateBr(frame.target);
      b.SetInsertPoint(frame.target);
      cost_ += 2 * params;
      for (size_t i = 0; i < params && !too_large(); ++i) {
        PHINode* phi = b.CreatePHI(type(block.params[i]), 2);
        phi->addIncoming(values[i], before);
        frame.phis.push_back(phi);
        push(phi);
      }
      for (size_t i = frame.phis.size(); i < params; ++i) push(values[i]);
      poll();
      break;
    }
    default: break;
  }
  frame.height = static_cast<uint32_t>(stack_.size() - params);
  frames_.push_back(std::move(frame));
  max_depth_ = std::max(max_depth_, frames_.size());
  if (block.op == Op::TryTable || block.op == Op::Try) begin_try(instr, frames_.back());
}

void FunctionTranslator::block_else(const Instr& instr, const ResolvedInstr& r, const BlockInfo&, const WalkView&,
                                    bool falls_through) {
  set_location(instr.offset);
  Frame& frame = frames_.back();
  if (falls_through) {
    charge_fuel();
    add_edge(frame, top(frame.results.size()));
    b.CreateBr(frame.target);
  }
  stack_.truncate(frame.height);
  if (instr.op != Op::Else) return emit_catch(instr, r, frame);
  b.SetInsertPoint(frame.otherwise);
  frame.otherwise = nullptr;
  for (Value* v : frame.kept) push(v);
}

// Continues at the frame's end with its results on the stack.
void FunctionTranslator::enter_target(Frame& frame) {
  b.SetInsertPoint(frame.target);
  for (PHINode* phi : frame.phis) push(phi);
}

void FunctionTranslator::block_end(const Instr& instr, const BlockInfo& block, const WalkView&, bool falls_through) {
  set_location(instr.offset);
  if (falls_through) charge_fuel();
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.op == Op::Loop) --loops_;
  // A local written inside may need a phi at the target, with an operand for each branch there.
  local_phis_ += frame.edges * std::min<uint64_t>(frame.sets, touched_locals_);
  if (!frames_.empty()) frames_.back().sets += frame.sets;
  const bool try_block = frame.op == Op::Try || frame.op == Op::TryTable;
  const bool needs_target = frame.op != Op::Loop && (frame.target || frame.otherwise);
  if (needs_target && falls_through) {
    add_edge(frame, top(frame.results.size()));
    b.CreateBr(frame.target);
  }
  if (frame.otherwise) {
    // An if without else: its parameters are its results.
    b.SetInsertPoint(frame.otherwise);
    add_edge(frame, frame.kept);
    b.CreateBr(frame.target);
  }
  if (try_block) {
    llvm::IRBuilderBase::InsertPointGuard guard(b);
    if (frame.op == Op::TryTable) emit_try_table_handlers(frame);
    else finish_try(instr, frame);
  }
  if (!needs_target) {
    if (!falls_through) stack_.truncate(frame.height);
    else if (frames_.empty()) emit_return_values();
    return;
  }
  stack_.truncate(frame.height);
  enter_target(frame);
  if (frames_.empty()) emit_return_values();
}

void FunctionTranslator::emit_return_values() {
  const Values values = pop_many(type_->results.size());
  emit_return(*signature_, values);
}

void FunctionTranslator::emit_control(const Instr& instr, const ResolvedInstr& r) {
  charge_fuel();
  switch (instr.op) {
    case Op::Nop: return;
    case Op::Unreachable: return trap(TrapCode::Unreachable);
    case Op::Br: {
      Frame& frame = frame_of(instr.index);
      add_edge(frame, top(frame.label_types().size()));
      b.CreateBr(frame.target);
      return;
    }
    case Op::BrIf: return emit_br_if(condition(), instr.index, 0);
    case Op::BrTable: return emit_br_table(instr);
    case Op::Return: return emit_return_values();
    case Op::BrOnNull:
    case Op::BrOnNonNull: return emit_br_on_null(instr, instr.op == Op::BrOnNull);
    case Op::BrOnCast:
    case Op::BrOnCastFail: return emit_br_on_cast(instr, r);
    case Op::Throw:
    case Op::ThrowRef:
    case Op::Rethrow: return emit_throw(instr, r);
    default: SKIFF_CHECK(!"control operator without IR");
  }
}

// Goes to the label where `condition` holds, with the topmost values; of these `dropped` are gone otherwise.
void FunctionTranslator::emit_br_if(Value* choice, uint32_t label, size_t dropped) {
  Frame& frame = frame_of(label);
  add_edge(frame, top(frame.label_types().size()));
  BasicBlock* next = new_block();
  b.CreateCondBr(choice, frame.target, next);
  b.SetInsertPoint(next);
  drop(dropped);
}

// A label that carries values is reached through a block of its own, so that each phi gets one operand only.
void FunctionTranslator::emit_br_table(const Instr& instr) {
  Value* index = pop();
  llvm::DenseMap<uint32_t, BasicBlock*> blocks;
  auto block_for = [&](uint32_t label) {
    BasicBlock*& block = blocks[label];
    if (block) return block;
    Frame& frame = frame_of(label);
    if (frame.label_types().empty()) return ++frame.edges, block = target_of(frame);
    llvm::IRBuilderBase::InsertPointGuard guard(b);
    block = new_block("case");
    b.SetInsertPoint(block);
    add_edge(frame, top(frame.label_types().size()));
    b.CreateBr(frame.target);
    return block;
  };
  const size_t cases = instr.labels.size() - 1;
  cost_ += cases;
  BasicBlock* otherwise = block_for(instr.labels.back());
  llvm::SwitchInst* jump = b.CreateSwitch(index, otherwise, static_cast<unsigned>(cases));
  for (size_t i = 0; i < cases; ++i) {
    BasicBlock* block = block_for(instr.labels[i]);
    if (block != otherwise) jump->addCase(b.getInt32(static_cast<uint32_t>(i)), block);
  }
}

void FunctionTranslator::emit_br_on_null(const Instr& instr, bool on_null) {
  Value* ref = stack_.back();
  Value* is_null = b.CreateICmpEQ(ref, i64(0));
  if (!on_null) return emit_br_if(b.CreateNot(is_null), instr.index, 1);
  drop(1);
  emit_br_if(is_null, instr.index, 0);
  push(ref);
}

void FunctionTranslator::emit_br_on_cast(const Instr& instr, const ResolvedInstr& r) {
  Value* is = ref_test(stack_.back(), instr.type2.heap(), r.type2, r.type);
  emit_br_if(instr.op == Op::BrOnCast ? is : b.CreateNot(is), instr.index, 0);
}

}  // namespace skiff::llvm_tier
