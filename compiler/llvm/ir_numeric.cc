// Scalar operators as IR. Exact semantics, no undefined behaviour: shift counts are masked, division is
// guarded, float results that LLVM would fold to an operand are canonicalised so that signalling NaNs come out
// quiet (LLVM takes x * 1 for x, and so on). No operator becomes a call of a C library function.
#include <cmath>

#include "compiler/llvm/ir.h"
#include "engine/base/check.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"

namespace skiff::llvm_tier {

using llvm::APFloat;
using llvm::CmpInst;
using llvm::Intrinsic::ID;
using llvm::Type;
using llvm::Value;
namespace Intrinsic = llvm::Intrinsic;
using Operands = llvm::ArrayRef<Value*>;

Type* Ir::type(ValType t) {
  switch (t.kind()) {
    case ValType::Kind::I8:
    case ValType::Kind::I16:
    case ValType::Kind::I32: return b.getInt32Ty();
    case ValType::Kind::I64:
    case ValType::Kind::Ref:
    case ValType::Kind::RefNull: return b.getInt64Ty();
    case ValType::Kind::F32: return b.getFloatTy();
    case ValType::Kind::F64: return b.getDoubleTy();
    case ValType::Kind::V128: return v128_type();
    case ValType::Kind::Bot: break;
  }
  SKIFF_CHECK(!"a type without values");
}

bool is_float_unit(const Value* v) {
  const auto* constant = llvm::dyn_cast<llvm::Constant>(v);
  if (!constant) return false;
  auto unit = [](const llvm::APFloat& x) { return x.isZero() || x.isExactlyValue(1.0) || x.isExactlyValue(-1.0); };
  if (const auto* scalar = llvm::dyn_cast<llvm::ConstantFP>(constant)) return unit(scalar->getValueAPF());
  const auto* lanes = llvm::dyn_cast<llvm::ConstantDataVector>(constant);
  if (!lanes) return true;
  for (unsigned i = 0; i < lanes->getNumElements(); ++i)
    if (unit(lanes->getElementAsAPFloat(i))) return true;
  return false;
}

namespace {

Value* test(Ir& ir, CmpInst::Predicate predicate, Operands v) {
  return ir.b.CreateZExt(ir.b.CreateCmp(predicate, v[0], v[1]), ir.b.getInt32Ty());
}

Value* shift(Ir& ir, llvm::Instruction::BinaryOps op, Operands v) {
  const unsigned bits = v[0]->getType()->getIntegerBitWidth();
  Value* count = ir.b.CreateAnd(v[1], llvm::ConstantInt::get(v[1]->getType(), bits - 1));
  return ir.b.CreateBinOp(op, v[0], count);
}

Value* rotate(Ir& ir, ID id, Operands v) {
  return ir.b.CreateIntrinsic(id, {v[0]->getType()}, {v[0], v[0], v[1]});
}

Value* divide(Ir& ir, bool is_signed, Operands v) {
  auto* type = llvm::cast<llvm::IntegerType>(v[0]->getType());
  ir.trap_if(ir.b.CreateIsNull(v[1]), TrapCode::IntegerDivideByZero);
  if (!is_signed) return ir.b.CreateUDiv(v[0], v[1]);
  Value* lowest = ir.b.getInt(llvm::APInt::getSignedMinValue(type->getBitWidth()));
  Value* minus_one = llvm::ConstantInt::getAllOnesValue(type);
  ir.trap_if(ir.b.CreateAnd(ir.b.CreateICmpEQ(v[0], lowest), ir.b.CreateICmpEQ(v[1], minus_one)),
             TrapCode::IntegerOverflow);
  return ir.b.CreateSDiv(v[0], v[1]);
}

Value* remainder(Ir& ir, bool is_signed, Operands v) {
  ir.trap_if(ir.b.CreateIsNull(v[1]), TrapCode::IntegerDivideByZero);
  if (!is_signed) return ir.b.CreateURem(v[0], v[1]);
  // x % -1 is 0 without the overflow of the division behind it: x % 1 gives the same.
  Type* type = v[0]->getType();
  Value* is_minus_one = ir.b.CreateICmpEQ(v[1], llvm::ConstantInt::getAllOnesValue(type));
  return ir.b.CreateSRem(v[0], ir.b.CreateSelect(is_minus_one, llvm::ConstantInt::get(type, 1), v[1]));
}

bool is_constant(Value* v) { return llvm::isa<llvm::Constant>(v); }

Value* canonical(Ir& ir, Value* v) { return ir.b.CreateUnaryIntrinsic(Intrinsic::canonicalize, v); }

Value* arithmetic(Ir& ir, llvm::Instruction::BinaryOps op, Operands v) {
  Value* result = ir.b.CreateBinOp(op, v[0], v[1]);
  return is_float_unit(v[0]) || is_float_unit(v[1]) ? canonical(ir, result) : result;
}

// Spec: op-fmin, op-fmax. Unequal numbers are the hot case and one machine instruction; equal ones (zeros of
// both signs) and NaNs are decided off the path.
Value* min_max(Ir& ir, bool is_max, Operands v) {
  Type* type = v[0]->getType();
  const bool native = ir.target.arch == llvm::Triple::aarch64 || ir.target.zfa;
  if (native) {
    Value* result = ir.b.CreateBinaryIntrinsic(is_max ? Intrinsic::maximum : Intrinsic::minimum, v[0], v[1]);
    return is_constant(v[0]) || is_constant(v[1]) || v[0] == v[1] ? canonical(ir, result) : result;
  }
  llvm::LLVMContext& context = ir.b.getContext();
  llvm::Function* function = ir.b.GetInsertBlock()->getParent();
  auto* rare = llvm::BasicBlock::Create(context, "minmax.rare", function);
  auto* join = llvm::BasicBlock::Create(context, "minmax", function);
  Value* differ = ir.b.CreateFCmpONE(v[0], v[1]);
  Value* common = ir.b.CreateSelect(is_max ? ir.b.CreateFCmpOGT(v[0], v[1]) : ir.b.CreateFCmpOLT(v[0], v[1]), v[0], v[1]);
  ir.b.CreateCondBr(differ, join, rare, llvm::MDBuilder(context).createBranchWeights(2000, 1));
  llvm::BasicBlock* before = ir.b.GetInsertBlock();
  ir.b.SetInsertPoint(rare);
  Type* bits = ir.b.getIntNTy(type->getScalarSizeInBits());
  Value* x = ir.b.CreateBitCast(v[0], bits);
  Value* y = ir.b.CreateBitCast(v[1], bits);
  Value* equal = ir.b.CreateBitCast(is_max ? ir.b.CreateAnd(x, y) : ir.b.CreateOr(x, y), type);
  Value* result = ir.b.CreateSelect(ir.b.CreateFCmpUNO(v[0], v[1]), ir.b.CreateFAdd(v[0], v[1]), equal);
  ir.b.CreateBr(join);
  ir.b.SetInsertPoint(join);
  llvm::PHINode* phi = ir.b.CreatePHI(type, 2);
  phi->addIncoming(common, before);
  phi->addIncoming(result, rare);
  return phi;
}

// Rounding without SSE4.1: adding and subtracting 2^23 (2^52) rounds to nearest, ties to even; the directed
// modes correct that by one.
Value* round_by_magic(Ir& ir, ID id, Value* x) {
  Type* type = x->getType();
  Value* magic = llvm::ConstantFP::get(type, type->isFloatTy() ? 8388608.0 : 4503599627370496.0);
  Value* size = ir.b.CreateUnaryIntrinsic(Intrinsic::fabs, x);
  Value* rounded = ir.b.CreateFSub(ir.b.CreateFAdd(size, magic), magic);
  Value* one = llvm::ConstantFP::get(type, 1.0);
  auto lower = [&](Value* r, Value* limit) {  // r - 1 where r > limit
    return ir.b.CreateSelect(ir.b.CreateFCmpOGT(r, limit), ir.b.CreateFSub(r, one), r);
  };
  Value* result = rounded;
  if (id == Intrinsic::trunc) result = lower(rounded, size);
  result = ir.b.CreateBinaryIntrinsic(Intrinsic::copysign, result, x);
  if (id == Intrinsic::floor) result = lower(result, x);
  if (id == Intrinsic::ceil) {
    Value* higher = ir.b.CreateSelect(ir.b.CreateFCmpOLT(result, x), ir.b.CreateFAdd(result, one), result);
    result = ir.b.CreateBinaryIntrinsic(Intrinsic::copysign, higher, x);
  }
  // Large numbers are integers; NaNs fail the comparison too and only become quiet.
  return ir.b.CreateSelect(ir.b.CreateFCmpOLT(size, magic), result, canonical(ir, x));
}

Value* round_float(Ir& ir, ID id, Value* x) {
  if (ir.target.arch == llvm::Triple::x86_64 && !ir.target.sse41) return round_by_magic(ir, id, x);
  Value* result = ir.b.CreateUnaryIntrinsic(id, x);
  // RISC-V without Zfa gives NaN operands back unchanged.
  const bool quiets = ir.target.arch != llvm::Triple::riscv64 || ir.target.zfa;
  return quiets && !is_constant(x) ? result : canonical(ir, result);
}

// Spec: op-trunc_u, op-trunc_s, trapping. In range exactly when low < x < high, both exact in the float type.
Value* truncate(Ir& ir, Value* x, Type* to, bool is_signed) {
  const unsigned bits = to->getIntegerBitWidth();
  Type* from = x->getType();
  const bool single = from->isFloatTy();
  double high = std::ldexp(1.0, static_cast<int>(is_signed ? bits - 1 : bits));
  double low = is_signed ? -high : 0.0;
  // The largest float that is out of range below: low - 1 where that is exact, else the next one down.
  const unsigned mantissa = single ? 24 : 53;
  const bool exact = !is_signed || bits - 1 < mantissa;
  Value* above;
  if (exact) {
    above = ir.b.CreateFCmpOGT(x, llvm::ConstantFP::get(from, is_signed ? low - 1.0 : -1.0));
  } else {
    above = ir.b.CreateFCmpOGE(x, llvm::ConstantFP::get(from, low));
  }
  Value* inside = ir.b.CreateAnd(above, ir.b.CreateFCmpOLT(x, llvm::ConstantFP::get(from, high)));
  Value* outside = ir.b.CreateNot(inside);
  llvm::LLVMContext& context = ir.b.getContext();
  llvm::Function* function = ir.b.GetInsertBlock()->getParent();
  auto* cold = llvm::BasicBlock::Create(context, "trunc.trap", function);
  auto* join = llvm::BasicBlock::Create(context, "trunc", function);
  ir.b.CreateCondBr(outside, cold, join, llvm::MDBuilder(context).createBranchWeights(1, 2000));
  ir.b.SetInsertPoint(cold);
  ir.trap_if(ir.b.CreateFCmpUNO(x, x), TrapCode::InvalidConversion);
  ir.trap_if(ir.b.getTrue(), TrapCode::IntegerOverflow);
  ir.b.CreateBr(join);
  ir.b.SetInsertPoint(join);
  return is_signed ? ir.b.CreateFPToSI(x, to) : ir.b.CreateFPToUI(x, to);
}

Value* truncate_sat(Ir& ir, Value* x, Type* to, bool is_signed) {
  return ir.b.CreateIntrinsic(is_signed ? Intrinsic::fptosi_sat : Intrinsic::fptoui_sat, {to, x->getType()}, {x});
}

Value* extend(Ir& ir, Value* x, unsigned bits) {
  return ir.b.CreateSExt(ir.b.CreateTrunc(x, ir.b.getIntNTy(bits)), x->getType());
}

Value* emit_compare(Ir& ir, Op op, Operands v) {
  switch (op) {
    case Op::I32Eqz:
    case Op::I64Eqz: return ir.b.CreateZExt(ir.b.CreateIsNull(v[0]), ir.b.getInt32Ty());
#define SKIFF_INT_COMPARE(NAME, PREDICATE) \
  case Op::I32##NAME:                      \
  case Op::I64##NAME: return test(ir, CmpInst::PREDICATE, v);
    SKIFF_INT_COMPARE(Eq, ICMP_EQ)
    SKIFF_INT_COMPARE(Ne, ICMP_NE)
    SKIFF_INT_COMPARE(LtS, ICMP_SLT)
    SKIFF_INT_COMPARE(LtU, ICMP_ULT)
    SKIFF_INT_COMPARE(GtS, ICMP_SGT)
    SKIFF_INT_COMPARE(GtU, ICMP_UGT)
    SKIFF_INT_COMPARE(LeS, ICMP_SLE)
    SKIFF_INT_COMPARE(LeU, ICMP_ULE)
    SKIFF_INT_COMPARE(GeS, ICMP_SGE)
    SKIFF_INT_COMPARE(GeU, ICMP_UGE)
#undef SKIFF_INT_COMPARE
#define SKIFF_FLOAT_COMPARE(NAME, PREDICATE) \
  case Op::F32##NAME:                        \
  case Op::F64##NAME: return test(ir, CmpInst::PREDICATE, v);
    SKIFF_FLOAT_COMPARE(Eq, FCMP_OEQ)
    SKIFF_FLOAT_COMPARE(Ne, FCMP_UNE)
    SKIFF_FLOAT_COMPARE(Lt, FCMP_OLT)
    SKIFF_FLOAT_COMPARE(Gt, FCMP_OGT)
    SKIFF_FLOAT_COMPARE(Le, FCMP_OLE)
    SKIFF_FLOAT_COMPARE(Ge, FCMP_OGE)
#undef SKIFF_FLOAT_COMPARE
    default: return nullptr;
  }
}

Value* emit_integer(Ir& ir, Op op, Operands v) {
  auto& b = ir.b;
  switch (op) {
#define SKIFF_INT(NAME, VALUE)   \
  case Op::I32##NAME:            \
  case Op::I64##NAME: return VALUE;
    SKIFF_INT(Clz, b.CreateBinaryIntrinsic(Intrinsic::ctlz, v[0], b.getFalse()))
    SKIFF_INT(Ctz, b.CreateBinaryIntrinsic(Intrinsic::cttz, v[0], b.getFalse()))
    SKIFF_INT(Popcnt, b.CreateUnaryIntrinsic(Intrinsic::ctpop, v[0]))
    SKIFF_INT(Add, b.CreateAdd(v[0], v[1]))
    SKIFF_INT(Sub, b.CreateSub(v[0], v[1]))
    SKIFF_INT(Mul, b.CreateMul(v[0], v[1]))
    SKIFF_INT(DivS, divide(ir, true, v))
    SKIFF_INT(DivU, divide(ir, false, v))
    SKIFF_INT(RemS, remainder(ir, true, v))
    SKIFF_INT(RemU, remainder(ir, false, v))
    SKIFF_INT(And, b.CreateAnd(v[0], v[1]))
    SKIFF_INT(Or, b.CreateOr(v[0], v[1]))
    SKIFF_INT(Xor, b.CreateXor(v[0], v[1]))
    SKIFF_INT(Shl, shift(ir, llvm::Instruction::Shl, v))
    SKIFF_INT(ShrS, shift(ir, llvm::Instruction::AShr, v))
    SKIFF_INT(ShrU, shift(ir, llvm::Instruction::LShr, v))
    SKIFF_INT(Rotl, rotate(ir, Intrinsic::fshl, v))
    SKIFF_INT(Rotr, rotate(ir, Intrinsic::fshr, v))
    SKIFF_INT(Extend8S, extend(ir, v[0], 8))
    SKIFF_INT(Extend16S, extend(ir, v[0], 16))
#undef SKIFF_INT
    case Op::I64Extend32S: return extend(ir, v[0], 32);
    case Op::I32WrapI64: return b.CreateTrunc(v[0], b.getInt32Ty());
    case Op::I64ExtendI32S: return b.CreateSExt(v[0], b.getInt64Ty());
    case Op::I64ExtendI32U: return b.CreateZExt(v[0], b.getInt64Ty());
    default: return nullptr;
  }
}

Value* emit_float(Ir& ir, Op op, Operands v) {
  auto& b = ir.b;
  switch (op) {
#define SKIFF_FLOAT(NAME, VALUE) \
  case Op::F32##NAME:            \
  case Op::F64##NAME: return VALUE;
    SKIFF_FLOAT(Abs, b.CreateUnaryIntrinsic(Intrinsic::fabs, v[0]))
    SKIFF_FLOAT(Neg, b.CreateFNeg(v[0]))
    SKIFF_FLOAT(Ceil, round_float(ir, Intrinsic::ceil, v[0]))
    SKIFF_FLOAT(Floor, round_float(ir, Intrinsic::floor, v[0]))
    SKIFF_FLOAT(Trunc, round_float(ir, Intrinsic::trunc, v[0]))
    SKIFF_FLOAT(Nearest, round_float(ir, Intrinsic::roundeven, v[0]))
    SKIFF_FLOAT(Sqrt, b.CreateUnaryIntrinsic(Intrinsic::sqrt, v[0]))
    SKIFF_FLOAT(Add, arithmetic(ir, llvm::Instruction::FAdd, v))
    SKIFF_FLOAT(Sub, arithmetic(ir, llvm::Instruction::FSub, v))
    SKIFF_FLOAT(Mul, arithmetic(ir, llvm::Instruction::FMul, v))
    SKIFF_FLOAT(Div, arithmetic(ir, llvm::Instruction::FDiv, v))
    SKIFF_FLOAT(Min, min_max(ir, false, v))
    SKIFF_FLOAT(Max, min_max(ir, true, v))
    SKIFF_FLOAT(Copysign, b.CreateBinaryIntrinsic(Intrinsic::copysign, v[0], v[1]))
#undef SKIFF_FLOAT
    default: return nullptr;
  }
}

Value* emit_conversion(Ir& ir, Op op, Operands v) {
  auto& b = ir.b;
  Type* const i32 = b.getInt32Ty();
  Type* const i64 = b.getInt64Ty();
  switch (op) {
#define SKIFF_TRUNC(INT, FLOAT, TYPE)                                     \
  case Op::INT##Trunc##FLOAT##S: return truncate(ir, v[0], TYPE, true);   \
  case Op::INT##Trunc##FLOAT##U: return truncate(ir, v[0], TYPE, false);  \
  case Op::INT##TruncSat##FLOAT##S: return truncate_sat(ir, v[0], TYPE, true); \
  case Op::INT##TruncSat##FLOAT##U: return truncate_sat(ir, v[0], TYPE, false);
    SKIFF_TRUNC(I32, F32, i32)
    SKIFF_TRUNC(I32, F64, i32)
    SKIFF_TRUNC(I64, F32, i64)
    SKIFF_TRUNC(I64, F64, i64)
#undef SKIFF_TRUNC
    case Op::F32ConvertI32S:
    case Op::F32ConvertI64S: return b.CreateSIToFP(v[0], b.getFloatTy());
    case Op::F32ConvertI32U:
    case Op::F32ConvertI64U: return b.CreateUIToFP(v[0], b.getFloatTy());
    case Op::F64ConvertI32S:
    case Op::F64ConvertI64S: return b.CreateSIToFP(v[0], b.getDoubleTy());
    case Op::F64ConvertI32U:
    case Op::F64ConvertI64U: return b.CreateUIToFP(v[0], b.getDoubleTy());
    case Op::F32DemoteF64:
      // demote(promote x) would be folded to x.
      if (llvm::isa<llvm::FPExtInst>(v[0])) return canonical(ir, b.CreateFPTrunc(canonical(ir, v[0]), b.getFloatTy()));
      return b.CreateFPTrunc(v[0], b.getFloatTy());
    case Op::F64PromoteF32: return b.CreateFPExt(v[0], b.getDoubleTy());
    case Op::I32ReinterpretF32: return b.CreateBitCast(v[0], i32);
    case Op::I64ReinterpretF64: return b.CreateBitCast(v[0], i64);
    case Op::F32ReinterpretI32: return b.CreateBitCast(v[0], b.getFloatTy());
    case Op::F64ReinterpretI64: return b.CreateBitCast(v[0], b.getDoubleTy());
    default: return nullptr;
  }
}

}  // namespace

Value* emit_scalar(Ir& ir, Op op, Operands operands) {
  for (auto* emit : {emit_compare, emit_integer, emit_float, emit_conversion}) {
    if (Value* result = emit(ir, op, operands)) return result;
  }
  SKIFF_CHECK(!"scalar operator without IR");
}

std::pair<Value*, Value*> emit_wide(Ir& ir, Op op, Operands v) {
  auto& b = ir.b;
  Type* const wide = b.getInt128Ty();
  auto join = [&](Value* low, Value* high) {
    return b.CreateOr(b.CreateZExt(low, wide), b.CreateShl(b.CreateZExt(high, wide), 64));
  };
  Value* result = nullptr;
  switch (op) {
    case Op::I64Add128: result = b.CreateAdd(join(v[0], v[1]), join(v[2], v[3])); break;
    case Op::I64Sub128: result = b.CreateSub(join(v[0], v[1]), join(v[2], v[3])); break;
    case Op::I64MulWideS: result = b.CreateMul(b.CreateSExt(v[0], wide), b.CreateSExt(v[1], wide)); break;
    case Op::I64MulWideU: result = b.CreateMul(b.CreateZExt(v[0], wide), b.CreateZExt(v[1], wide)); break;
    default: SKIFF_CHECK(!"wide operator without IR");
  }
  return {b.CreateTrunc(result, b.getInt64Ty()), b.CreateTrunc(b.CreateLShr(result, 64), b.getInt64Ty())};
}

}  // namespace skiff::llvm_tier
