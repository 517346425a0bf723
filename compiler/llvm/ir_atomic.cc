// Atomic accesses (Spec: threads). Sequentially consistent; alignment is checked before bounds. On guarded memories
// they are real atomic instructions that fault like any other access.
#include "compiler/llvm/translate.h"
#include "engine/base/check.h"

namespace skiff::llvm_tier {

using llvm::AtomicOrdering;
using llvm::AtomicRMWInst;
using llvm::Value;

namespace {

constexpr AtomicOrdering kOrder = AtomicOrdering::SequentiallyConsistent;

AtomicRMWInst::BinOp rmw_of(Op op) {
  switch (op) {
#define SKIFF_RMW(NAME, KIND)             \
  case Op::I32AtomicRmw##NAME:            \
  case Op::I64AtomicRmw##NAME:            \
  case Op::I32AtomicRmw8##NAME##U:        \
  case Op::I32AtomicRmw16##NAME##U:       \
  case Op::I64AtomicRmw8##NAME##U:        \
  case Op::I64AtomicRmw16##NAME##U:       \
  case Op::I64AtomicRmw32##NAME##U: return AtomicRMWInst::KIND;
    SKIFF_RMW(Add, Add)
    SKIFF_RMW(Sub, Sub)
    SKIFF_RMW(And, And)
    SKIFF_RMW(Or, Or)
    SKIFF_RMW(Xor, Xor)
    SKIFF_RMW(Xchg, Xchg)
#undef SKIFF_RMW
    default: SKIFF_CHECK(!"not a read-modify-write operator");
  }
}

}  // namespace

void FunctionTranslator::emit_atomic(const Instr& instr, const ResolvedInstr& r) {
  const OpInfo& row = info(instr.op);
  if (row.shape == Shape::AtomicFence) {
    b.CreateFence(kOrder);
    return;
  }
  const uint32_t size = 1u << row.width;
  llvm::Type* raw = b.getIntNTy(size * 8);
  const Values operands = pop_many(row.pops);
  const Place place = locate(instr.memarg, operands[0], r.address, size, true);
  auto tag = [&](llvm::Instruction* access) {
    access->setMetadata(llvm::LLVMContext::MD_tbaa, shared.alias(Alias::Memory));
  };
  Value* old = nullptr;
  switch (row.shape) {
    case Shape::AtomicLoad: {
      llvm::LoadInst* load = b.CreateAlignedLoad(raw, place.pointer, llvm::Align(size), true);
      load->setAtomic(kOrder);
      tag(load);
      old = load;
      break;
    }
    case Shape::AtomicStore: {
      llvm::StoreInst* store = b.CreateAlignedStore(b.CreateTrunc(operands[1], raw), place.pointer, llvm::Align(size), true);
      store->setAtomic(kOrder);
      return tag(store);
    }
    case Shape::AtomicRmw: {
      AtomicRMWInst* rmw = b.CreateAtomicRMW(rmw_of(instr.op), place.pointer, b.CreateTrunc(operands[1], raw),
                                             llvm::Align(size), kOrder);
      rmw->setVolatile(true);
      tag(rmw);
      old = rmw;
      break;
    }
    default: {
      llvm::AtomicCmpXchgInst* exchange =
          b.CreateAtomicCmpXchg(place.pointer, b.CreateTrunc(operands[1], raw), b.CreateTrunc(operands[2], raw),
                                llvm::Align(size), kOrder, kOrder);
      exchange->setVolatile(true);
      tag(exchange);
      old = b.CreateExtractValue(exchange, 0);
      break;
    }
  }
  push(b.CreateZExt(old, row.sig.back() == 'l' ? b.getInt64Ty() : b.getInt32Ty()));
}

void FunctionTranslator::emit_atomic_wait(const Instr& instr, const ResolvedInstr& r) {
  const Values operands = pop_many(info(instr.op).pops);
  Value* address = effective_address(instr.memarg, operands[0], r.address);
  Value* memory = i32(instr.memarg.memory);
  Value* result = nullptr;
  switch (instr.op) {
    case Op::MemoryAtomicNotify: result = libcall(Libcall::atomic_notify, {memory, address, operands[1]}); break;
    case Op::MemoryAtomicWait32:
      result = libcall(Libcall::atomic_wait32, {memory, address, operands[1], operands[2]});
      break;
    default: result = libcall(Libcall::atomic_wait64, {memory, address, operands[1], operands[2]}); break;
  }
  push(b.CreateTrunc(result, b.getInt32Ty()));
}

}  // namespace skiff::llvm_tier
