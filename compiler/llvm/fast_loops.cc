// Addresses have 32 bits and may wrap, which hides from LLVM where a loop goes. So the check at the loop's head does
// both: no address wraps while the loop runs, and the last byte of each is below the memory's length. In the fast version
// addresses are then written anew, as a start and a step of 64 bits.
#include "compiler/llvm/fast_loops.h"

#include <algorithm>

#include "engine/exec/vmctx.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/Analysis/ScalarEvolutionExpressions.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/LoopUtils.h"
#include "llvm/Transforms/Utils/ScalarEvolutionExpander.h"
#include "llvm/Transforms/Vectorize/LoopVectorize.h"

namespace skiff::llvm_tier {
namespace {

using llvm::BasicBlock;
using llvm::Instruction;
using llvm::Loop;
using llvm::SCEV;
using llvm::ScalarEvolution;
using llvm::Value;

// Larger loops gain least from what they cost twice.
constexpr size_t kMaxInstructions = 120;
constexpr size_t kMaxAccesses = 24;
constexpr size_t kMaxStreams = 10;
constexpr unsigned kMinTrips = 8;
constexpr unsigned kExpansionBudget = 24;

/// Accesses whose addresses differ by constants. Address in turn i: invariant + factor * (start + step * i) + offset.
struct Stream {
  const SCEV* rest = nullptr;               // of the address, without the part that changes and without constants
  const llvm::SCEVAddRecExpr* part = nullptr;  // that changes, in 32 or 64 bits; null: the address never changes
  int64_t factor = 1;
  uint64_t reach = 0;                       // largest offset + size
};

struct Access {
  Instruction* instr = nullptr;
  size_t stream = 0;
  uint64_t offset = 0;
};

/// One loop: what it accesses, and its second version.
class Candidate {
 public:
  Candidate(Loop& loop, llvm::LoopInfo& loops, llvm::DominatorTree& dominators, ScalarEvolution& evolution,
            const llvm::TargetTransformInfo& costs)
      : loop_(loop), loops_(loops), dominators_(dominators), evolution_(evolution), costs_(costs) {}

  bool analyse();
  /// Requires: analyse(). False where the check would cost too much.
  bool version();
  llvm::BranchInst* guard() { return guard_; }
  BasicBlock* fast_header() { return fast_header_; }

 private:
  bool has_right_form();
  bool collect();
  bool add_access(Instruction& instr);
  bool split_address(const SCEV* address, Stream& stream, uint64_t& offset) const;
  bool split_changing(const SCEV* s, Stream& stream) const;
  bool affordable(llvm::SCEVExpander& expander, Instruction* at);
  Value* start_of(llvm::SCEVExpander& expander, const Stream& stream, Instruction* at);
  Value* emit_check(llvm::SCEVExpander& expander, Instruction* at);
  void make_fast(const llvm::ValueToValueMapTy& map);
  llvm::Type* wide() const { return llvm::Type::getInt64Ty(loop_.getHeader()->getContext()); }

  Loop& loop_;
  llvm::LoopInfo& loops_;
  llvm::DominatorTree& dominators_;
  ScalarEvolution& evolution_;
  const llvm::TargetTransformInfo& costs_;
  const SCEV* turns_ = nullptr;             // how often the loop goes back
  Value* base_ = nullptr;                   // of the memory
  std::vector<Stream> streams_;
  std::vector<Access> accesses_;
  std::vector<Value*> starts_;              // of streams that change: their addresses in the first turn, without offset
  llvm::BranchInst* guard_ = nullptr;
  BasicBlock* fast_header_ = nullptr;
  Loop* fast_ = nullptr;
};

// VmCtx::memory0_base, of the context in the function's first argument.
bool is_memory_base(const Value* v) {
  const auto* load = llvm::dyn_cast<llvm::LoadInst>(v);
  if (!load || load->isVolatile()) return false;
  const llvm::DataLayout& layout = load->getDataLayout();
  llvm::APInt offset(64, 0);
  const Value* from = load->getPointerOperand()->stripAndAccumulateConstantOffsets(layout, offset, true);
  return from == load->getFunction()->getArg(0) && offset == offsetof(VmCtx, memory0_base);
}

bool Candidate::has_right_form() {
  return loop_.isInnermost() && loop_.isLoopSimplifyForm() && loop_.getExitingBlock() &&
         loop_.getExitingBlock() == loop_.getLoopLatch() && loop_.getUniqueExitBlock();
}

bool Candidate::analyse() {
  if (!has_right_form()) return false;
  size_t instructions = 0;
  for (const BasicBlock* block : loop_.blocks()) instructions += block->size();
  if (instructions > kMaxInstructions) return false;
  if (!collect() || accesses_.empty()) return false;
  turns_ = evolution_.getBackedgeTakenCount(&loop_);
  if (llvm::isa<llvm::SCEVCouldNotCompute>(turns_)) return false;
  const unsigned known = evolution_.getSmallConstantTripCount(&loop_);
  if (known != 0 && known < kMinTrips) return false;
  return evolution_.getUnsignedRangeMax(turns_).getActiveBits() <= 32;
}

// All accesses to the memory; nothing else that has effects, and nothing that is a vector already.
bool Candidate::collect() {
  for (BasicBlock* block : loop_.blocks()) {
    for (Instruction& i : *block) {
      if (i.getType()->isVectorTy()) return false;
      if (llvm::isa<llvm::LoadInst, llvm::StoreInst>(i)) {
        if (i.isVolatile() ? !add_access(i) : i.mayWriteToMemory()) return false;
        continue;
      }
      if (i.mayReadOrWriteMemory() || i.mayThrow()) return false;
      if (llvm::isa<llvm::CallInst>(i) && !llvm::isa<llvm::IntrinsicInst>(i)) return false;
    }
  }
  return true;
}

bool Candidate::add_access(Instruction& instr) {
  if (accesses_.size() == kMaxAccesses || instr.isAtomic()) return false;
  const SCEV* pointer = evolution_.getSCEV(llvm::getLoadStorePointerOperand(&instr));
  const auto* base = llvm::dyn_cast<llvm::SCEVUnknown>(evolution_.getPointerBase(pointer));
  if (!base || !is_memory_base(base->getValue()) || !loop_.isLoopInvariant(base->getValue())) return false;
  if (!base_) base_ = base->getValue();
  if (base_ != base->getValue()) return false;
  Stream stream;
  Access access{&instr, 0, 0};
  if (!split_address(evolution_.removePointerBase(pointer), stream, access.offset)) return false;
  const auto same = [&](const Stream& s) {
    return s.rest == stream.rest && s.part == stream.part && s.factor == stream.factor;
  };
  access.stream = static_cast<size_t>(std::find_if(streams_.begin(), streams_.end(), same) - streams_.begin());
  if (access.stream == streams_.size()) streams_.push_back(stream);
  const uint64_t size = instr.getDataLayout().getTypeStoreSize(llvm::getLoadStoreType(&instr));
  Stream& found = streams_[access.stream];
  found.reach = std::max(found.reach, access.offset + size);
  accesses_.push_back(access);
  return streams_.size() <= kMaxStreams;
}

// Offsets are what loads and stores add to addresses of 32 bits: never negative, less than 4 GiB.
bool Candidate::split_address(const SCEV* address, Stream& stream, uint64_t& offset) const {
  llvm::SmallVector<const SCEV*, 4> rest;
  const auto* sum = llvm::dyn_cast<llvm::SCEVAddExpr>(address);
  const llvm::ArrayRef<const SCEV*> one(address);
  for (const SCEV* s : sum ? sum->operands() : one) {
    if (const auto* constant = llvm::dyn_cast<llvm::SCEVConstant>(s)) {
      const int64_t value = constant->getAPInt().getSExtValue();
      if (value < 0 || value > UINT32_MAX) rest.push_back(s);
      else offset = static_cast<uint64_t>(value);
    } else if (evolution_.isLoopInvariant(s, &loop_)) {
      rest.push_back(s);
    } else if (stream.part || !split_changing(s, stream)) {
      return false;
    }
  }
  stream.rest = rest.empty() ? evolution_.getZero(wide()) : evolution_.getAddExpr(rest);
  return true;
}

// [factor *] [zero-extended] {start, +, constant step}
bool Candidate::split_changing(const SCEV* s, Stream& stream) const {
  if (const auto* product = llvm::dyn_cast<llvm::SCEVMulExpr>(s)) {
    const auto* factor = llvm::dyn_cast<llvm::SCEVConstant>(product->getOperand(0));
    if (!factor || product->getNumOperands() != 2 || factor->getAPInt().getActiveBits() > 16) return false;
    stream.factor = factor->getAPInt().getSExtValue();
    s = product->getOperand(1);
  }
  if (const auto* extended = llvm::dyn_cast<llvm::SCEVZeroExtendExpr>(s)) s = extended->getOperand();
  const auto* part = llvm::dyn_cast<llvm::SCEVAddRecExpr>(s);
  if (!part || part->getLoop() != &loop_ || !part->isAffine()) return false;
  if (!part->getType()->isIntegerTy(32) && !part->getType()->isIntegerTy(64)) return false;
  const auto* step = llvm::dyn_cast<llvm::SCEVConstant>(part->getStepRecurrence(evolution_));
  if (!step || step->getAPInt().getSignificantBits() > 24) return false;
  stream.part = part;
  return true;
}

int64_t step_of(const Stream& stream, ScalarEvolution& evolution) {
  return llvm::cast<llvm::SCEVConstant>(stream.part->getStepRecurrence(evolution))->getAPInt().getSExtValue();
}

bool Candidate::affordable(llvm::SCEVExpander& expander, Instruction* at) {
  llvm::SmallVector<const SCEV*, 16> all = {turns_};
  for (const Stream& stream : streams_) {
    all.push_back(stream.rest);
    if (stream.part) all.push_back(stream.part->getStart());
  }
  for (const SCEV* s : all)
    if (!expander.isSafeToExpandAt(s, at)) return false;
  return !expander.isHighCostExpansion(all, &loop_, kExpansionBudget, &costs_, at);
}

// In 64 bits, without factor.
Value* Candidate::start_of(llvm::SCEVExpander& expander, const Stream& stream, Instruction* at) {
  const SCEV* start = stream.part->getStart();
  return expander.expandCodeFor(evolution_.getNoopOrZeroExtend(start, wide()), wide(), at);
}

// Where it holds all addresses are what their streams say, and in bounds. Memories only grow.
Value* Candidate::emit_check(llvm::SCEVExpander& expander, Instruction* at) {
  llvm::IRBuilder<> b(at);
  Value* ctx = at->getFunction()->getArg(0);
  auto field = [&](Value* pointer, uint64_t bytes) { return b.CreatePtrAdd(pointer, b.getInt64(bytes)); };
  llvm::LoadInst* inst = b.CreateAlignedLoad(b.getPtrTy(), field(ctx, offsetof(VmCtx, memory0)), llvm::Align(8));
  inst->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(b.getContext(), {}));
  Value* length = b.CreateAlignedLoad(b.getInt64Ty(), field(inst, offsetof(MemoryInst, byte_length)), llvm::Align(8));
  Value* turns = expander.expandCodeFor(evolution_.getNoopOrZeroExtend(turns_, wide()), wide(), at);
  Value* all = b.getTrue();
  for (const Stream& stream : streams_) {
    Value* highest = expander.expandCodeFor(stream.rest, wide(), at);
    Value* start = nullptr;
    if (stream.part) {
      const int64_t step = step_of(stream, evolution_);
      start = start_of(expander, stream, at);
      Value* last = b.CreateAdd(start, b.CreateMul(turns, b.getInt64(static_cast<uint64_t>(step))));
      if (stream.part->getType()->isIntegerTy(32))
        all = b.CreateAnd(all, b.CreateICmpULE(last, b.getInt64(UINT32_MAX)));
      Value* factor = b.getInt64(static_cast<uint64_t>(stream.factor));
      const bool grows = (step > 0) == (stream.factor > 0);
      start = b.CreateMul(start, factor);
      Value* top = b.CreateAdd(highest, grows ? b.CreateMul(last, factor) : start);
      start = b.CreatePtrAdd(base_, b.CreateAdd(highest, start));
      highest = top;
    }
    starts_.push_back(start);
    all = b.CreateAnd(all, b.CreateICmpULE(b.CreateAdd(highest, b.getInt64(stream.reach)), length));
  }
  return all;
}

bool Candidate::version() {
  BasicBlock* check = loop_.getLoopPreheader();
  llvm::SCEVExpander expander(evolution_, "fast");
  if (!affordable(expander, check->getTerminator())) return false;
  Value* in_bounds = emit_check(expander, check->getTerminator());
  BasicBlock* slow = llvm::SplitBlock(check, check->getTerminator(), &dominators_, &loops_, nullptr, "slow");
  llvm::ValueToValueMapTy map;
  llvm::SmallVector<BasicBlock*, 8> blocks;
  fast_ = llvm::cloneLoopWithPreheader(slow, check, &loop_, map, ".fast", &loops_, &dominators_, blocks);
  llvm::remapInstructionsInBlocks(blocks, map);
  fast_header_ = fast_->getHeader();

  Instruction* old = check->getTerminator();
  guard_ = llvm::BranchInst::Create(fast_->getLoopPreheader(), slow, in_bounds, old->getIterator());
  guard_->setDebugLoc(old->getDebugLoc());
  old->eraseFromParent();

  BasicBlock* exit = loop_.getUniqueExitBlock();
  dominators_.changeImmediateDominator(exit, check);
  for (llvm::PHINode& phi : exit->phis()) {
    Value* value = phi.getIncomingValueForBlock(loop_.getExitingBlock());
    if (const auto found = map.find(value); found != map.end()) value = found->second;
    phi.addIncoming(value, fast_->getExitingBlock());
  }
  make_fast(map);
  llvm::formDedicatedExitBlocks(fast_, &dominators_, &loops_, nullptr, true);
  llvm::formDedicatedExitBlocks(&loop_, &dominators_, &loops_, nullptr, true);
  evolution_.forgetTopmostLoop(&loop_);
  return true;
}

void Candidate::make_fast(const llvm::ValueToValueMapTy& map) {
  llvm::IRBuilder<> b(fast_header_, fast_header_->begin());
  llvm::PHINode* turn = b.CreatePHI(b.getInt64Ty(), 2, "turn");
  turn->addIncoming(b.getInt64(0), fast_->getLoopPreheader());
  b.SetInsertPoint(fast_header_->getFirstInsertionPt());
  Value* next = b.CreateAdd(turn, b.getInt64(1), "", true, true);
  turn->addIncoming(next, fast_->getLoopLatch());
  std::vector<Value*> addresses(streams_.size());
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (!streams_[i].part) continue;
    const int64_t step = step_of(streams_[i], evolution_) * streams_[i].factor;
    Value* distance = b.CreateMul(turn, b.getInt64(static_cast<uint64_t>(step)), "", false, true);
    addresses[i] = b.CreateInBoundsPtrAdd(starts_[i], distance);
  }
  for (const Access& access : accesses_) {
    auto* instr = llvm::cast<Instruction>(map.lookup(access.instr));
    auto* load = llvm::dyn_cast<llvm::LoadInst>(instr);
    load ? load->setVolatile(false) : llvm::cast<llvm::StoreInst>(instr)->setVolatile(false);
    if (Value* address = addresses[access.stream]) {
      b.SetInsertPoint(instr);
      instr->setOperand(load ? 0 : 1, b.CreateInBoundsPtrAdd(address, b.getInt64(access.offset)));
    }
  }
}

struct Version {
  llvm::BranchInst* guard;
  llvm::WeakTrackingVH header;
};

/// Whether the loop has become a vector loop's remainder, or has gone.
bool is_vectorised(const Version& version, const llvm::LoopInfo& loops) {
  const auto* header = llvm::cast_or_null<BasicBlock>(static_cast<Value*>(version.header));
  const Loop* loop = header ? loops.getLoopFor(header) : nullptr;
  return !loop || llvm::getBooleanLoopAttribute(loop, "llvm.loop.isvectorized");
}

std::vector<Version> make_versions(llvm::Function& f, llvm::FunctionAnalysisManager& analyses) {
  llvm::LoopInfo& loops = analyses.getResult<llvm::LoopAnalysis>(f);
  std::vector<Version> versions;
  if (loops.empty()) return versions;
  auto& dominators = analyses.getResult<llvm::DominatorTreeAnalysis>(f);
  auto& evolution = analyses.getResult<llvm::ScalarEvolutionAnalysis>(f);
  const auto& costs = analyses.getResult<llvm::TargetIRAnalysis>(f);
  for (Loop* loop : loops.getLoopsInPreorder()) {
    Candidate candidate(*loop, loops, dominators, evolution, costs);
    if (candidate.analyse() && candidate.version()) versions.push_back({candidate.guard(), candidate.fast_header()});
  }
  return versions;
}

}  // namespace

llvm::PreservedAnalyses FastLoops::run(llvm::Function& f, llvm::FunctionAnalysisManager& analyses) {
  const std::vector<Version> versions = make_versions(f, analyses);
  if (versions.empty()) return llvm::PreservedAnalyses::all();
  const llvm::PreservedAnalyses none = llvm::PreservedAnalyses::none();
  analyses.invalidate(f, none);
  analyses.invalidate(f, llvm::LoopVectorizePass().run(f, analyses));
  const llvm::LoopInfo& loops = analyses.getResult<llvm::LoopAnalysis>(f);
  bool any = false;
  for (const Version& version : versions) {
    if (is_vectorised(version, loops)) any = true;
    else version.guard->setCondition(llvm::ConstantInt::getFalse(f.getContext()));
  }
  analyses.invalidate(f, none);
  llvm::FunctionPassManager clean;
  clean.addPass(llvm::SimplifyCFGPass());
  if (any) {
    clean.addPass(llvm::InstCombinePass());
    clean.addPass(llvm::EarlyCSEPass(true));
    clean.addPass(llvm::createFunctionToLoopPassAdaptor(llvm::LICMPass(llvm::LICMOptions()), /*UseMemorySSA=*/true));
  }
  clean.run(f, analyses);
  return none;
}

}  // namespace skiff::llvm_tier
