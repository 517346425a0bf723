// Function frame, locals, globals, constants and pure operators.
#include "compiler/llvm/translate.h"

#include <bit>

#include "engine/base/check.h"

namespace skiff::llvm_tier {

using llvm::Type;
using llvm::Value;

FunctionTranslator::FunctionTranslator(ModuleIr& shared, uint32_t func_index)
    : FunctionIr(shared, shared.function(func_index)), index_(func_index) {}

void FunctionTranslator::begin(const FunctionHeader& header) {
  type_ = header.type;
  signature_ = &shared.signature(header.type_id, *header.type);
  local_types_ = header.locals;
  locals_.assign(header.locals.size(), nullptr);
  const uint64_t offset = shared.info.module.functions[index_].body.offset;
  subprogram_ = shared.new_subprogram(static_cast<uint32_t>(offset + 1));
  function->setSubprogram(subprogram_);
  set_location(offset);
  // Arguments are taken in the entry block, where locals can be made of them at any time later.
  BasicBlock* start = b.GetInsertBlock();
  b.SetInsertPoint(entry_end_);
  arguments_ = receive_arguments(*signature_, type_->params);
  b.SetInsertPoint(start);
  cost_ += arguments_.size();
  Frame body;
  body.results = type_->results;
  frames_.push_back(std::move(body));
  fuel_ = 1;
}

Effort FunctionTranslator::effort() const {
  if (local_phis_ > kMaxLocalPhis || touched_locals_ > kMaxLocals) return Effort::None;
  const bool deep = max_height_ > kMaxHeight || max_loops_ > kMaxLoops || max_depth_ > kMaxDepth;
  return deep ? Effort::Least : Effort::Full;
}

llvm::AllocaInst* FunctionTranslator::local(uint32_t index) {
  llvm::AllocaInst*& slot = locals_[index];
  if (slot) return slot;
  ++touched_locals_;
  Type* t = type(local_types_[index]);
  llvm::IRBuilder<> entry(entry_end_);
  slot = entry.CreateAlloca(t);
  const bool is_parameter = index < arguments_.size();
  entry.CreateStore(is_parameter ? arguments_[index] : llvm::Constant::getNullValue(t), slot);
  return slot;
}

Value* FunctionTranslator::condition() {
  Value* v = pop();
  // Comparisons come as i1 widened to i32.
  if (auto* wide = llvm::dyn_cast<llvm::ZExtInst>(v); wide && wide->getSrcTy()->isIntegerTy(1)) return wide->getOperand(0);
  return b.CreateIsNotNull(v);
}

void FunctionTranslator::instr(const Instr& instr, const ResolvedInstr& r, const WalkView& view) {
  set_location(instr.offset);
  ++fuel_;
  max_height_ = std::max(max_height_, view.height);
  switch (info(instr.op).shape) {
    case Shape::Unary:
    case Shape::Binary:
    case Shape::Ternary:
    case Shape::Wide:
    case Shape::ExtractLane:
    case Shape::ReplaceLane:
    case Shape::Shuffle: return emit_numeric(instr);
    case Shape::Const: return emit_const(instr);
    case Shape::Load:
    case Shape::Store:
    case Shape::LoadLane:
    case Shape::StoreLane: return emit_memory_access(instr, r);
    case Shape::AtomicLoad:
    case Shape::AtomicStore:
    case Shape::AtomicRmw:
    case Shape::AtomicCmpxchg:
    case Shape::AtomicFence: return emit_atomic(instr, r);
    case Shape::AtomicNotify:
    case Shape::AtomicWait: return emit_atomic_wait(instr, r);
    case Shape::Control: return emit_control(instr, r);
    case Shape::Call: return emit_call_op(instr, r);
    case Shape::Parametric: return emit_parametric(instr);
    case Shape::Variable: return emit_variable(instr);
    case Shape::Table: return emit_table_op(instr, r);
    case Shape::Memory: return emit_memory_op(instr, r);
    case Shape::Reference: return emit_reference(instr, r);
    case Shape::Gc: return emit_gc(instr, r);
  }
}

void FunctionTranslator::emit_numeric(const Instr& instr) {
  const OpInfo& row = info(instr.op);
  const Values operands = pop_many(row.pops);
  switch (row.shape) {
    case Shape::Wide: {
      const auto [low, high] = emit_wide(*this, instr.op, operands);
      push(low);
      return push(high);
    }
    case Shape::ExtractLane: return push(emit_extract_lane(*this, instr.op, operands[0], instr.lane));
    case Shape::ReplaceLane: return push(emit_replace_lane(*this, instr.op, operands[0], operands[1], instr.lane));
    case Shape::Shuffle: return push(emit_shuffle(*this, operands[0], operands[1], instr.bytes));
    default: {
      const bool vector = row.sig.find('v') != std::string_view::npos;
      return push(vector ? emit_vector(*this, instr.op, operands) : emit_scalar(*this, instr.op, operands));
    }
  }
}

void FunctionTranslator::emit_const(const Instr& instr) {
  switch (instr.op) {
    case Op::I32Const: return push(i32(static_cast<uint32_t>(instr.bits)));
    case Op::I64Const: return push(i64(instr.bits));
    case Op::F32Const:
      return push(llvm::ConstantFP::get(
          b.getContext(), llvm::APFloat(llvm::APFloat::IEEEsingle(), llvm::APInt(32, static_cast<uint32_t>(instr.bits)))));
    case Op::F64Const:
      return push(llvm::ConstantFP::get(b.getContext(),
                                        llvm::APFloat(llvm::APFloat::IEEEdouble(), llvm::APInt(64, instr.bits))));
    case Op::V128Const: return push(llvm::ConstantDataVector::get(b.getContext(), llvm::ArrayRef<uint8_t>(instr.bytes)));
    default: SKIFF_CHECK(!"constant without IR");
  }
}

void FunctionTranslator::emit_parametric(const Instr& instr) {
  if (instr.op == Op::Drop) return drop(1);
  Value* choice = condition();
  Value* otherwise = pop();
  Value* then = pop();
  push(b.CreateSelect(choice, then, otherwise));
}

void FunctionTranslator::emit_variable(const Instr& instr) {
  switch (instr.op) {
    case Op::LocalGet: {
      llvm::AllocaInst* slot = local(instr.index);
      return push(b.CreateLoad(slot->getAllocatedType(), slot));
    }
    case Op::LocalSet: {
      Value* value = pop();
      ++frames_.back().sets;
      b.CreateStore(value, local(instr.index));
      return;
    }
    case Op::LocalTee:
      ++frames_.back().sets;
      b.CreateStore(stack_.back(), local(instr.index));
      return;
    case Op::GlobalGet: return global_get(instr.index);
    case Op::GlobalSet: return global_set(instr.index);
    default: SKIFF_CHECK(!"variable operator without IR");
  }
}

Value* FunctionTranslator::global_address(uint32_t index) {
  Value* globals = load_pointer(ctx_, offsetof(VmCtx, globals), shared.info.globals.size() * sizeof(void*));
  return load_pointer(globals, uint64_t{index} * sizeof(void*), sizeof(GlobalInst));
}

void FunctionTranslator::global_get(uint32_t index) {
  const GlobalType& global = shared.info.globals[index];
  const unsigned align = std::min(global.type.size(), 16u);
  Value* address = global_address(index);
  if (!global.mut) return push(load_invariant(type(global.type), address, 0, align));
  llvm::LoadInst* value = b.CreateAlignedLoad(type(global.type), address, llvm::Align(align));
  value->setMetadata(llvm::LLVMContext::MD_tbaa, shared.global_alias(index));
  push(value);
}

void FunctionTranslator::global_set(uint32_t index) {
  const GlobalType& global = shared.info.globals[index];
  Value* value = pop();
  llvm::StoreInst* store =
      b.CreateAlignedStore(value, global_address(index), llvm::Align(std::min(global.type.size(), 16u)));
  store->setVolatile(true);
  store->setMetadata(llvm::LLVMContext::MD_tbaa, shared.global_alias(index));
}

// Charges for the instructions since the last time: at every end of a basic block and before every call.
void FunctionTranslator::charge_fuel() {
  if (!shared.options.fuel || fuel_ == 0) return;
  Value* left = load(b.getInt64Ty(), vm_store(), offsetof(VmStore, fuel), Alias::Store, 8);
  left = b.CreateSub(left, i64(fuel_));
  store(left, vm_store(), offsetof(VmStore, fuel), Alias::Store, 8)->setVolatile(true);
  trap_if(b.CreateICmpSLT(left, i64(0)), TrapCode::OutOfFuel);
  fuel_ = 0;
}

// At loop heads: does somebody want this thread to stop?
void FunctionTranslator::poll() {
  if (!shared.options.epochs) return;
  auto* flag = llvm::cast<llvm::LoadInst>(load(b.getInt32Ty(), vm_store(), offsetof(VmStore, interrupt), Alias::Store, 4));
  flag->setVolatile(true);
  BasicBlock* cold = split_cold(b.CreateIsNotNull(flag), "interrupted");
  BasicBlock* next = b.GetInsertBlock();
  llvm::IRBuilderBase::InsertPointGuard guard(b);
  b.SetInsertPoint(cold);
  libcall(Libcall::interrupted, {});
  b.CreateBr(next);
}

}  // namespace skiff::llvm_tier
