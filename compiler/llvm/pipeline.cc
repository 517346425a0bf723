// Which passes: measured, see docs/speed.md. About the run time of -O2 at half of its compile time; no vectoriser
// (volatile accesses defeat it), no passes that know the C library.
#include "compiler/llvm/pipeline.h"

#include "compiler/llvm/fast_loops.h"
#include "engine/exec/vmctx.h"
#include "llvm/Analysis/InlineCost.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/IPO/Inliner.h"
#include "llvm/Transforms/IPO/ModuleInliner.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/ADCE.h"
#include "llvm/Transforms/Scalar/BDCE.h"
#include "llvm/Transforms/Scalar/CorrelatedValuePropagation.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/GVN.h"
#include "llvm/Transforms/Scalar/IndVarSimplify.h"
#include "llvm/Transforms/Scalar/JumpThreading.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopDeletion.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/LoopUnrollPass.h"
#include "llvm/Transforms/Scalar/Reassociate.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimpleLoopUnswitch.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/LCSSA.h"
#include "llvm/Transforms/Utils/LoopSimplify.h"

namespace skiff::llvm_tier {


namespace {

constexpr size_t kMaxPhiOperands = 100'000;

// What every function gets before it is considered for inlining, callees first.
llvm::FunctionPassManager simplification(bool full) {
  llvm::FunctionPassManager f;
  f.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  f.addPass(llvm::EarlyCSEPass(true));
  f.addPass(llvm::SimplifyCFGPass());
  f.addPass(llvm::InstCombinePass());
  if (full) f.addPass(llvm::JumpThreadingPass());
  f.addPass(llvm::SimplifyCFGPass());
  llvm::LoopPassManager loops;
  loops.addPass(llvm::LoopRotatePass(true, false));
  loops.addPass(llvm::LICMPass(llvm::LICMOptions()));
  f.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(loops), /*UseMemorySSA=*/true));
  f.addPass(llvm::GVNPass(llvm::GVNOptions().setPRE(false)));
  if (full) {
    llvm::LoopPassManager more;
    // Wider induction variables would hide from strength reduction that addresses of 32 bits do not wrap.
    more.addPass(llvm::IndVarSimplifyPass(/*WidenIndVars=*/false));
    more.addPass(llvm::LoopDeletionPass());
    more.addPass(llvm::LoopFullUnrollPass(2, false));
    f.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(more), /*UseMemorySSA=*/false));
    f.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
    f.addPass(llvm::BDCEPass());
  }
  llvm::LoopPassManager again;
  again.addPass(llvm::LICMPass(llvm::LICMOptions()));
  f.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(again), /*UseMemorySSA=*/true));
  f.addPass(llvm::SimplifyCFGPass());
  f.addPass(llvm::InstCombinePass());
  f.addPass(llvm::ADCEPass());
  return f;
}

llvm::FunctionPassManager least() {
  llvm::FunctionPassManager f;
  f.addPass(llvm::SROAPass(llvm::SROAOptions::PreserveCFG));
  f.addPass(llvm::EarlyCSEPass(false));
  f.addPass(llvm::SimplifyCFGPass());
  return f;
}

}  // namespace

namespace {

/// LLVM's analyses for one module.
struct Analyses {
  explicit Analyses(llvm::TargetMachine& machine) : builder(&machine) {
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
  }
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
};

// Operands of phis in the function that has most of them.
size_t most_phi_operands(const llvm::Module& module) {
  size_t most = 0;
  for (const llvm::Function& f : module) {
    size_t operands = 0;
    for (const llvm::BasicBlock& block : f)
      for (const llvm::PHINode& phi : block.phis()) operands += phi.getNumIncomingValues();
    most = std::max(most, operands);
  }
  return most;
}

}  // namespace

Effort optimize(llvm::Module& module, llvm::TargetMachine& machine, Effort effort, bool fast_loops) {
  if (effort == Effort::None) return effort;
  Analyses analyses(machine);
  llvm::ModulePassManager first;
  first.addPass(llvm::createModuleToFunctionPassAdaptor(least()));
  first.run(module, analyses.modules);
  // Register allocation by live ranges takes far more than linear time over such functions.
  if (most_phi_operands(module) > kMaxPhiOperands) effort = Effort::Least;
  if (effort == Effort::Least) return effort;
  llvm::ModulePassManager all;
  if (effort == Effort::Full) {
    llvm::ModuleInlinerWrapperPass inliner(llvm::getInlineParams(2, 0), false);
    inliner.getPM().addPass(llvm::createCGSCCToFunctionPassAdaptor(simplification(true)));
    all.addPass(std::move(inliner));
    llvm::FunctionPassManager last;
    if (fast_loops) {
      last.addPass(llvm::LoopSimplifyPass());
      last.addPass(llvm::LCSSAPass());
      last.addPass(FastLoops());
    }
    last.addPass(llvm::LoopUnrollPass(llvm::LoopUnrollOptions(2)));
    last.addPass(llvm::InstCombinePass());
    last.addPass(llvm::SimplifyCFGPass());
    all.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(last)));
  } else {
    all.addPass(llvm::createModuleToFunctionPassAdaptor(simplification(false)));
  }
  all.run(module, analyses.modules);
  return effort;
}

namespace {

bool is_cold_end(const llvm::BasicBlock& block) { return llvm::isa<llvm::UnreachableInst>(block.getTerminator()); }

// Whether a function can be on the stack while another one runs that checks nothing itself.
bool needs_entry_check(const llvm::Function& f, bool& has_calls) {
  size_t instructions = 0;
  has_calls = false;
  for (const llvm::BasicBlock& block : f) {
    instructions += block.size();
    if (is_cold_end(block)) continue;
    for (const llvm::Instruction& i : block) {
      const auto* call = llvm::dyn_cast<llvm::CallBase>(&i);
      if (call && !llvm::isa<llvm::IntrinsicInst>(call) && !call->hasFnAttr(llvm::Attribute::Cold)) has_calls = true;
    }
  }
  return has_calls || instructions > 1000;
}

class EntryChecks {
 public:
  EntryChecks(ModuleIr& shared, llvm::Function& f) : shared_(shared), f_(f), b_(shared.context()) {}

  // `frame`: bytes to be left free in addition.
  void insert(uint64_t frame, bool poll) {
    llvm::BasicBlock* entry = &f_.getEntryBlock();
    // Allocas and arguments' loads may stay in front: they touch no deeper stack.
    auto at = entry->getFirstNonPHIOrDbgOrAlloca();
    llvm::BasicBlock* rest = entry->splitBasicBlock(at, "checked");
    entry->getTerminator()->eraseFromParent();
    b_.SetInsertPoint(entry);
    if (llvm::DISubprogram* sp = f_.getSubprogram())
      b_.SetCurrentDebugLocation(llvm::DILocation::get(shared_.context(), sp->getLine(), 0, sp));
    llvm::Value* ctx = f_.getArg(0);
    llvm::LoadInst* store = b_.CreateAlignedLoad(b_.getPtrTy(), field(ctx, offsetof(VmCtx, vm_store)), llvm::Align(8));
    store->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(shared_.context(), {}));
    llvm::LoadInst* limit =
        b_.CreateAlignedLoad(b_.getInt64Ty(), field(store, offsetof(VmStore, native_stack_limit)), llvm::Align(8));
    llvm::Value* here = b_.CreatePtrToInt(b_.CreateIntrinsic(llvm::Intrinsic::stackaddress, {b_.getPtrTy()}, {}), b_.getInt64Ty());
    llvm::Value* low = b_.CreateICmpULT(here, limit);
    if (frame != 0) low = b_.CreateICmpULT(here, b_.CreateAdd(limit, b_.getInt64(frame)));
    llvm::BasicBlock* overflow = llvm::BasicBlock::Create(shared_.context(), "overflow", &f_);
    llvm::BasicBlock* next = poll ? llvm::BasicBlock::Create(shared_.context(), "poll", &f_, rest) : rest;
    b_.CreateCondBr(low, overflow, next, shared_.cold_weights());
    b_.SetInsertPoint(overflow);
    call(ctx, Libcall::trap, {b_.getInt32(static_cast<uint32_t>(TrapCode::StackExhausted))});
    b_.CreateUnreachable();
    if (poll) insert_poll(next, rest, ctx, store);
  }

 private:
  llvm::Value* field(llvm::Value* pointer, uint64_t bytes) { return b_.CreatePtrAdd(pointer, b_.getInt64(bytes)); }

  void insert_poll(llvm::BasicBlock* poll, llvm::BasicBlock* rest, llvm::Value* ctx, llvm::Value* store) {
    b_.SetInsertPoint(poll);
    llvm::LoadInst* flag = b_.CreateAlignedLoad(b_.getInt32Ty(), field(store, offsetof(VmStore, interrupt)), llvm::Align(4), true);
    llvm::BasicBlock* cold = llvm::BasicBlock::Create(shared_.context(), "interrupted", &f_);
    b_.CreateCondBr(b_.CreateIsNotNull(flag), cold, rest, shared_.cold_weights());
    b_.SetInsertPoint(cold);
    call(ctx, Libcall::interrupted, {});
    b_.CreateBr(rest);
  }

  void call(llvm::Value* ctx, Libcall which, llvm::ArrayRef<llvm::Value*> args) {
    llvm::Value* table = b_.CreateAlignedLoad(b_.getPtrTy(), field(ctx, offsetof(VmCtx, libcalls)), llvm::Align(8));
    llvm::Value* address =
        b_.CreateAlignedLoad(b_.getPtrTy(), field(table, uint64_t{static_cast<uint32_t>(which)} * 8), llvm::Align(8));
    llvm::SmallVector<llvm::Value*, 2> all = {ctx};
    all.append(args.begin(), args.end());
    b_.CreateCall(shared_.libcall_type(which), address, all)->setAttributes(shared_.libcall_attributes(which));
  }

  ModuleIr& shared_;
  llvm::Function& f_;
  llvm::IRBuilder<> b_;
};

// A tail call's return that was merged with others is copied back behind it.
void restore_tail_call(llvm::CallInst* call) {
  auto* branch = llvm::dyn_cast<llvm::BranchInst>(call->getNextNode());
  if (!branch || !branch->isUnconditional()) return;
  auto* ret = llvm::dyn_cast<llvm::ReturnInst>(branch->getSuccessor(0)->getTerminator());
  if (!ret) return;
  llvm::BasicBlock* shared = branch->getSuccessor(0);
  if (&*shared->getFirstNonPHIIt() != ret) return;
  llvm::BasicBlock* here = call->getParent();
  llvm::Value* value = ret->getReturnValue();
  if (auto* phi = llvm::dyn_cast_or_null<llvm::PHINode>(value); phi && phi->getParent() == shared) value = phi->getIncomingValueForBlock(here);
  if (value && value != call) return;
  shared->removePredecessor(here);
  llvm::ReturnInst::Create(call->getContext(), value, branch->getIterator());
  branch->eraseFromParent();
}

void restore_tail_calls(llvm::Function& f) {
  llvm::SmallVector<llvm::CallInst*, 8> calls;
  for (llvm::BasicBlock& block : f)
    for (llvm::Instruction& i : block)
      if (auto* call = llvm::dyn_cast<llvm::CallInst>(&i); call && call->hasMetadata("skiff.tail") && call->isTailCall()) calls.push_back(call);
  for (llvm::CallInst* call : calls) restore_tail_call(call);
}

// The function keeps its name, checks the stack and jumps to its body, which gets a name of its own.
void check_before_frame(ModuleIr& shared, llvm::Function& f, uint64_t frame, bool poll) {
  std::string name = f.getName().str();
  f.setName(name + kBodySuffix);
  llvm::Function* front = shared.define(f.getFunctionType(), name);
  front->setAttributes(f.getAttributes());
  f.replaceUsesWithIf(front, [](llvm::Use&) { return true; });
  llvm::BasicBlock* block = llvm::BasicBlock::Create(shared.context(), "front", front);
  llvm::IRBuilder<> b(block);
  llvm::SmallVector<llvm::Value*, 16> args;
  for (llvm::Argument& a : front->args()) args.push_back(&a);
  llvm::CallInst* call = b.CreateCall(f.getFunctionType(), &f, args);
  call->setAttributes(shared.call_attributes());
  call->setTailCallKind(llvm::CallInst::TCK_MustTail);
  if (f.getReturnType()->isVoidTy()) b.CreateRetVoid();
  else b.CreateRet(call);
  EntryChecks(shared, *front).insert(frame, poll);
}

}  // namespace

void finish_functions(ModuleIr& shared, const llvm::DenseMap<uint32_t, uint64_t>& large_frames) {
  llvm::SmallVector<llvm::Function*, 64> all;
  for (llvm::Function& f : shared.module)
    if (!f.isDeclaration() && f.getName().starts_with("f")) all.push_back(&f);
  for (llvm::Function* f : all) {
    restore_tail_calls(*f);
    uint32_t index = 0;
    f->getName().drop_front().getAsInteger(10, index);
    bool has_calls = false;
    const bool check = needs_entry_check(*f, has_calls);
    const bool poll = has_calls && shared.options.epochs;
    if (const auto large = large_frames.find(index); large != large_frames.end()) {
      check_before_frame(shared, *f, large->second, poll);
    } else if (check) {
      EntryChecks(shared, *f).insert(0, poll);
    }
  }
}

}  // namespace skiff::llvm_tier
