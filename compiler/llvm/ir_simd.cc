// Vector operators as IR. A v128 is <16 x i8>; each operator casts to its lane type and back, which costs
// nothing. Where generic IR gives poor code on an ISA the operator is mapped by hand (notes beside it).
#include "compiler/llvm/ir.h"
#include "engine/base/check.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/IntrinsicsAArch64.h"
#include "llvm/IR/IntrinsicsX86.h"

namespace skiff::llvm_tier {
namespace {

using llvm::CmpInst;
using llvm::FixedVectorType;
using llvm::Type;
using llvm::Value;
using Operands = llvm::ArrayRef<Value*>;
namespace Intrinsic = llvm::Intrinsic;

enum class Lane { I8, I16, I32, I64, F32, F64 };

// Lane arithmetic of one operator.
class V {
 public:
  explicit V(Ir& ir) : ir(ir), b(ir.b) {}

  FixedVectorType* type(Lane lane) {
    switch (lane) {
      case Lane::I8: return FixedVectorType::get(b.getInt8Ty(), 16);
      case Lane::I16: return FixedVectorType::get(b.getInt16Ty(), 8);
      case Lane::I32: return FixedVectorType::get(b.getInt32Ty(), 4);
      case Lane::I64: return FixedVectorType::get(b.getInt64Ty(), 2);
      case Lane::F32: return FixedVectorType::get(b.getFloatTy(), 4);
      case Lane::F64: return FixedVectorType::get(b.getDoubleTy(), 2);
    }
    return nullptr;
  }
  Value* as(Lane lane, Value* v) { return b.CreateBitCast(v, type(lane)); }
  Value* done(Value* v) { return b.CreateBitCast(v, ir.v128_type()); }
  Value* splat(Lane lane, uint64_t v) { return llvm::ConstantInt::get(type(lane), v); }

  Value* binary(Lane lane, llvm::Instruction::BinaryOps op, Operands v) {
    return done(b.CreateBinOp(op, as(lane, v[0]), as(lane, v[1])));
  }
  Value* intrinsic2(Lane lane, llvm::Intrinsic::ID id, Operands v) {
    return done(b.CreateBinaryIntrinsic(id, as(lane, v[0]), as(lane, v[1])));
  }
  Value* intrinsic1(Lane lane, llvm::Intrinsic::ID id, Operands v) {
    return done(b.CreateUnaryIntrinsic(id, as(lane, v[0])));
  }
  Value* compare(Lane lane, CmpInst::Predicate predicate, Operands v) {
    Value* mask = b.CreateCmp(predicate, as(lane, v[0]), as(lane, v[1]));
    return done(b.CreateSExt(mask, FixedVectorType::getInteger(type(lane))));
  }
  Value* shift(Lane lane, llvm::Instruction::BinaryOps op, Operands v) {
    const unsigned bits = type(lane)->getScalarSizeInBits();
    Value* count = b.CreateZExtOrTrunc(b.CreateAnd(v[1], bits - 1), type(lane)->getElementType());
    return done(b.CreateBinOp(op, as(lane, v[0]), b.CreateVectorSplat(type(lane)->getNumElements(), count)));
  }
  /// The low or high half of the lanes, widened to twice their size.
  Value* half(Lane from, Value* v, bool high, bool is_signed) {
    const unsigned n = type(from)->getNumElements() / 2;
    llvm::SmallVector<int, 8> mask;
    for (unsigned i = 0; i < n; ++i) mask.push_back(static_cast<int>(high ? n + i : i));
    Value* part = b.CreateShuffleVector(as(from, v), mask);
    auto* wide = FixedVectorType::get(b.getIntNTy(type(from)->getScalarSizeInBits() * 2), n);
    return is_signed ? b.CreateSExt(part, wide) : b.CreateZExt(part, wide);
  }
  Value* extmul(Lane from, Operands v, bool high, bool is_signed) {
    return done(b.CreateMul(half(from, v[0], high, is_signed), half(from, v[1], high, is_signed)));
  }
  /// Even (0) or odd (1) lanes, widened.
  Value* alternate(Lane from, Value* v, int odd, bool is_signed) {
    const unsigned n = type(from)->getNumElements() / 2;
    llvm::SmallVector<int, 8> mask;
    for (unsigned i = 0; i < n; ++i) mask.push_back(static_cast<int>(2 * i) + odd);
    Value* part = b.CreateShuffleVector(as(from, v), mask);
    auto* wide = FixedVectorType::get(b.getIntNTy(type(from)->getScalarSizeInBits() * 2), n);
    return is_signed ? b.CreateSExt(part, wide) : b.CreateZExt(part, wide);
  }
  Value* extadd(Lane from, Value* v, bool is_signed) {
    return done(b.CreateAdd(alternate(from, v, 0, is_signed), alternate(from, v, 1, is_signed)));
  }
  Value* dot(Lane from, Value* x, Value* y) {
    return b.CreateAdd(b.CreateMul(alternate(from, x, 0, true), alternate(from, y, 0, true)),
                       b.CreateMul(alternate(from, x, 1, true), alternate(from, y, 1, true)));
  }
  /// Both vectors' lanes, saturated to half their size; signed input.
  Value* narrow(Lane from, Operands v, bool is_signed) {
    const unsigned bits = type(from)->getScalarSizeInBits() / 2;
    const int64_t low = is_signed ? -(int64_t{1} << (bits - 1)) : 0;
    const int64_t high = is_signed ? (int64_t{1} << (bits - 1)) - 1 : (int64_t{1} << bits) - 1;
    auto* narrow_type = FixedVectorType::get(b.getIntNTy(bits), type(from)->getNumElements());
    auto clamp = [&](Value* x) {
      auto* t = type(from);
      x = b.CreateBinaryIntrinsic(Intrinsic::smax, as(from, x), llvm::ConstantInt::getSigned(t, low));
      return b.CreateTrunc(b.CreateBinaryIntrinsic(Intrinsic::smin, x, llvm::ConstantInt::getSigned(t, high)), narrow_type);
    };
    llvm::SmallVector<int, 16> mask;
    for (unsigned i = 0; i < 2 * narrow_type->getNumElements(); ++i) mask.push_back(static_cast<int>(i));
    return done(b.CreateShuffleVector(clamp(v[0]), clamp(v[1]), mask));
  }
  Value* all_true(Lane lane, Value* v) {
    Value* nonzero = b.CreateICmpNE(as(lane, v), splat(lane, 0));
    return b.CreateZExt(b.CreateAndReduce(nonzero), b.getInt32Ty());
  }
  Value* bitmask(Lane lane, Value* v) {
    Value* negative = b.CreateICmpSLT(as(lane, v), splat(lane, 0));
    const unsigned n = type(lane)->getNumElements();
    return b.CreateZExt(b.CreateBitCast(negative, b.getIntNTy(n)), b.getInt32Ty());
  }

  // Floats. Spec: op-fmin and so on; the same care for NaNs as in ir_numeric.cc.
  bool constant(Operands v) { return llvm::isa<llvm::Constant>(v[0]) || llvm::isa<llvm::Constant>(v[1]) || v[0] == v[1]; }
  Value* canonical(Value* v) { return b.CreateUnaryIntrinsic(Intrinsic::canonicalize, v); }
  Value* arithmetic(Lane lane, llvm::Instruction::BinaryOps op, Operands v) {
    Value* x = as(lane, v[0]);
    Value* y = as(lane, v[1]);
    Value* result = b.CreateBinOp(op, x, y);
    return done(is_float_unit(x) || is_float_unit(y) ? canonical(result) : result);
  }
  Value* min_max(Lane lane, bool is_max, Operands v) {
    Value* x = as(lane, v[0]);
    Value* y = as(lane, v[1]);
    if (ir.target.arch != llvm::Triple::x86_64) {
      Value* result = b.CreateBinaryIntrinsic(is_max ? Intrinsic::maximum : Intrinsic::minimum, x, y);
      return done(constant(v) ? canonical(result) : result);
    }
    // Select twice with both orders: they differ exactly for equal zeros and NaNs.
    auto* bits = FixedVectorType::getInteger(type(lane));
    auto pick = [&](Value* a, Value* c) {
      return b.CreateSelect(is_max ? b.CreateFCmpOGT(a, c) : b.CreateFCmpOLT(a, c), a, c);
    };
    Value* p = b.CreateBitCast(pick(x, y), bits);
    Value* q = b.CreateBitCast(pick(y, x), bits);
    Value* number = b.CreateBitCast(is_max ? b.CreateAnd(p, q) : b.CreateOr(p, q), type(lane));
    return done(b.CreateSelect(b.CreateFCmpUNO(x, y), b.CreateFAdd(x, y), number));
  }
  Value* pseudo_min_max(Lane lane, bool is_max, Operands v) {
    Value* x = as(lane, v[0]);
    Value* y = as(lane, v[1]);
    return done(b.CreateSelect(is_max ? b.CreateFCmpOLT(x, y) : b.CreateFCmpOLT(y, x), y, x));
  }
  Value* round(Lane lane, llvm::Intrinsic::ID id, Value* v) {
    const bool native = ir.target.arch != llvm::Triple::x86_64 || ir.target.sse41;
    if (native && ir.target.arch != llvm::Triple::riscv64) return done(b.CreateUnaryIntrinsic(id, as(lane, v)));
    // Lane by lane, with the scalar operator's care (no SSE4.1; RISC-V keeps signalling NaNs).
    static constexpr std::pair<llvm::Intrinsic::ID, std::pair<Op, Op>> kOps[] = {
        {Intrinsic::ceil, {Op::F32Ceil, Op::F64Ceil}},
        {Intrinsic::floor, {Op::F32Floor, Op::F64Floor}},
        {Intrinsic::trunc, {Op::F32Trunc, Op::F64Trunc}},
        {Intrinsic::roundeven, {Op::F32Nearest, Op::F64Nearest}}};
    Value* x = as(lane, v);
    Value* result = x;
    for (const auto& [key, ops] : kOps) {
      if (key != id) continue;
      for (unsigned i = 0; i < type(lane)->getNumElements(); ++i) {
        Value* scalar = emit_scalar(ir, lane == Lane::F32 ? ops.first : ops.second, {b.CreateExtractElement(x, i)});
        result = b.CreateInsertElement(result, scalar, i);
      }
    }
    return done(result);
  }

  Ir& ir;
  llvm::IRBuilder<>& b;
};

// Spec: op-iswizzle. Indices of 16 and more give 0.
Value* swizzle(V& v, Operands o) {
  auto& b = v.b;
  if (v.ir.target.arch == llvm::Triple::x86_64 && v.ir.target.ssse3) {
    // pshufb zeroes by bit 7: adding 0x70 with saturation sets it for 16 and above.
    Value* index = b.CreateBinaryIntrinsic(Intrinsic::uadd_sat, o[1], v.splat(Lane::I8, 0x70));
    return b.CreateIntrinsic(Intrinsic::x86_ssse3_pshuf_b_128, {}, {o[0], index});
  }
  if (v.ir.target.arch == llvm::Triple::aarch64) {
    return b.CreateIntrinsic(Intrinsic::aarch64_neon_tbl1, {v.ir.v128_type()}, {o[0], o[1]});
  }
  Value* result = llvm::Constant::getNullValue(v.ir.v128_type());
  for (unsigned i = 0; i < 16; ++i) {
    Value* index = b.CreateExtractElement(o[1], i);
    Value* lane = b.CreateExtractElement(o[0], b.CreateZExt(b.CreateAnd(index, 15), b.getInt32Ty()));
    Value* inside = b.CreateICmpULT(index, b.getInt8(16));
    result = b.CreateInsertElement(result, b.CreateSelect(inside, lane, b.getInt8(0)), i);
  }
  return result;
}

// Spec: op-iq15mulr_sat_s: (x * y + 0x4000) >> 15, saturated (only -1 * -1 overflows).
Value* q15mulr_sat(V& v, Operands o) {
  auto& b = v.b;
  Value* x = v.as(Lane::I16, o[0]);
  Value* y = v.as(Lane::I16, o[1]);
  if (v.ir.target.arch == llvm::Triple::x86_64 && v.ir.target.ssse3) {
    Value* product = b.CreateIntrinsic(Intrinsic::x86_ssse3_pmul_hr_sw_128, {}, {x, y});
    Value* overflow = b.CreateICmpEQ(product, v.splat(Lane::I16, 0x8000));
    return v.done(b.CreateXor(product, b.CreateSExt(overflow, v.type(Lane::I16))));
  }
  if (v.ir.target.arch == llvm::Triple::aarch64) {
    return v.done(b.CreateIntrinsic(Intrinsic::aarch64_neon_sqrdmulh, {v.type(Lane::I16)}, {x, y}));
  }
  auto* wide = FixedVectorType::get(b.getInt32Ty(), 8);
  Value* product = b.CreateMul(b.CreateSExt(x, wide), b.CreateSExt(y, wide));
  Value* rounded = b.CreateAShr(b.CreateAdd(product, llvm::ConstantInt::get(wide, 0x4000)), 15);
  return v.done(b.CreateTrunc(b.CreateBinaryIntrinsic(Intrinsic::smin, rounded, llvm::ConstantInt::get(wide, 0x7FFF)), v.type(Lane::I16)));
}

Value* average(V& v, Lane lane, Operands o) {
  auto& b = v.b;
  auto* wide = FixedVectorType::get(b.getIntNTy(v.type(lane)->getScalarSizeInBits() * 2), v.type(lane)->getNumElements());
  Value* sum = b.CreateAdd(b.CreateZExt(v.as(lane, o[0]), wide), b.CreateZExt(v.as(lane, o[1]), wide));
  sum = b.CreateAdd(sum, llvm::ConstantInt::get(wide, 1));
  return v.done(b.CreateTrunc(b.CreateLShr(sum, 1), v.type(lane)));
}

// Spec: op-trunc_sat. x86 has no saturating vector conversion: convert, then mend what was out of range.
Value* trunc_sat(V& v, Value* x, FixedVectorType* to, bool is_signed) {
  auto& b = v.b;
  if (!is_signed || v.ir.target.arch != llvm::Triple::x86_64 || !x->getType()->getScalarType()->isFloatTy()) {
    return b.CreateIntrinsic(is_signed ? Intrinsic::fptosi_sat : Intrinsic::fptoui_sat, {to, x->getType()}, {x});
  }
  Value* number = b.CreateSelect(b.CreateFCmpORD(x, x), x, llvm::Constant::getNullValue(x->getType()));
  Value* converted = b.CreateIntrinsic(Intrinsic::x86_sse2_cvttps2dq, {}, {number});  // out of range: 0x80000000
  Value* above = b.CreateFCmpOGE(number, llvm::ConstantFP::get(x->getType(), 2147483648.0));
  return b.CreateXor(converted, b.CreateSExt(above, to));
}

Value* pad_low(V& v, Value* half, Type* element) {
  // <2 x T> to <4 x T> with zeros above.
  Value* zero = llvm::Constant::getNullValue(FixedVectorType::get(element, 2));
  return v.done(v.b.CreateShuffleVector(half, zero, llvm::ArrayRef<int>{0, 1, 2, 3}));
}
Value* low_half(V& v, Value* x) { return v.b.CreateShuffleVector(x, llvm::ArrayRef<int>{0, 1}); }

Value* emit_int_lanes(V& v, Op op, Operands o) {
  auto& b = v.b;
  switch (op) {
#define SKIFF_LANES3(NAME, CALL)                                          \
  case Op::I8x16##NAME: { constexpr Lane kLane = Lane::I8; return CALL; } \
  case Op::I16x8##NAME: { constexpr Lane kLane = Lane::I16; return CALL; } \
  case Op::I32x4##NAME: { constexpr Lane kLane = Lane::I32; return CALL; }
#define SKIFF_LANES4(NAME, CALL) \
  SKIFF_LANES3(NAME, CALL)       \
  case Op::I64x2##NAME: { constexpr Lane kLane = Lane::I64; return CALL; }
#define SKIFF_LANES2(NAME, CALL)                                          \
  case Op::I8x16##NAME: { constexpr Lane kLane = Lane::I8; return CALL; } \
  case Op::I16x8##NAME: { constexpr Lane kLane = Lane::I16; return CALL; }
    SKIFF_LANES4(Eq, v.compare(kLane, CmpInst::ICMP_EQ, o))
    SKIFF_LANES4(Ne, v.compare(kLane, CmpInst::ICMP_NE, o))
    SKIFF_LANES4(LtS, v.compare(kLane, CmpInst::ICMP_SLT, o))
    SKIFF_LANES4(GtS, v.compare(kLane, CmpInst::ICMP_SGT, o))
    SKIFF_LANES4(LeS, v.compare(kLane, CmpInst::ICMP_SLE, o))
    SKIFF_LANES4(GeS, v.compare(kLane, CmpInst::ICMP_SGE, o))
    SKIFF_LANES3(LtU, v.compare(kLane, CmpInst::ICMP_ULT, o))
    SKIFF_LANES3(GtU, v.compare(kLane, CmpInst::ICMP_UGT, o))
    SKIFF_LANES3(LeU, v.compare(kLane, CmpInst::ICMP_ULE, o))
    SKIFF_LANES3(GeU, v.compare(kLane, CmpInst::ICMP_UGE, o))
    SKIFF_LANES4(Add, v.binary(kLane, llvm::Instruction::Add, o))
    SKIFF_LANES4(Sub, v.binary(kLane, llvm::Instruction::Sub, o))
    SKIFF_LANES4(Neg, v.done(b.CreateNeg(v.as(kLane, o[0]))))
    SKIFF_LANES4(Abs, v.done(b.CreateBinaryIntrinsic(Intrinsic::abs, v.as(kLane, o[0]), b.getFalse())))
    SKIFF_LANES4(AllTrue, v.all_true(kLane, o[0]))
    SKIFF_LANES4(Bitmask, v.bitmask(kLane, o[0]))
    SKIFF_LANES4(Shl, v.shift(kLane, llvm::Instruction::Shl, o))
    SKIFF_LANES4(ShrS, v.shift(kLane, llvm::Instruction::AShr, o))
    SKIFF_LANES4(ShrU, v.shift(kLane, llvm::Instruction::LShr, o))
    SKIFF_LANES3(MinS, v.intrinsic2(kLane, Intrinsic::smin, o))
    SKIFF_LANES3(MinU, v.intrinsic2(kLane, Intrinsic::umin, o))
    SKIFF_LANES3(MaxS, v.intrinsic2(kLane, Intrinsic::smax, o))
    SKIFF_LANES3(MaxU, v.intrinsic2(kLane, Intrinsic::umax, o))
    SKIFF_LANES2(AddSatS, v.intrinsic2(kLane, Intrinsic::sadd_sat, o))
    SKIFF_LANES2(AddSatU, v.intrinsic2(kLane, Intrinsic::uadd_sat, o))
    SKIFF_LANES2(SubSatS, v.intrinsic2(kLane, Intrinsic::ssub_sat, o))
    SKIFF_LANES2(SubSatU, v.intrinsic2(kLane, Intrinsic::usub_sat, o))
    SKIFF_LANES2(AvgrU, average(v, kLane, o))
#undef SKIFF_LANES2
#undef SKIFF_LANES3
#undef SKIFF_LANES4
    case Op::I8x16Popcnt: return b.CreateUnaryIntrinsic(Intrinsic::ctpop, o[0]);
    case Op::I16x8Mul: return v.binary(Lane::I16, llvm::Instruction::Mul, o);
    case Op::I32x4Mul: return v.binary(Lane::I32, llvm::Instruction::Mul, o);
    case Op::I64x2Mul: return v.binary(Lane::I64, llvm::Instruction::Mul, o);
    default: return nullptr;
  }
}

Value* emit_widening(V& v, Op op, Operands o) {
  switch (op) {
    case Op::I8x16NarrowI16x8S: return v.narrow(Lane::I16, o, true);
    case Op::I8x16NarrowI16x8U: return v.narrow(Lane::I16, o, false);
    case Op::I16x8NarrowI32x4S: return v.narrow(Lane::I32, o, true);
    case Op::I16x8NarrowI32x4U: return v.narrow(Lane::I32, o, false);
#define SKIFF_WIDEN(TO, FROM, LANE)                                                           \
  case Op::TO##ExtendLow##FROM##S: return v.done(v.half(Lane::LANE, o[0], false, true));      \
  case Op::TO##ExtendHigh##FROM##S: return v.done(v.half(Lane::LANE, o[0], true, true));      \
  case Op::TO##ExtendLow##FROM##U: return v.done(v.half(Lane::LANE, o[0], false, false));     \
  case Op::TO##ExtendHigh##FROM##U: return v.done(v.half(Lane::LANE, o[0], true, false));     \
  case Op::TO##ExtmulLow##FROM##S: return v.extmul(Lane::LANE, o, false, true);               \
  case Op::TO##ExtmulHigh##FROM##S: return v.extmul(Lane::LANE, o, true, true);               \
  case Op::TO##ExtmulLow##FROM##U: return v.extmul(Lane::LANE, o, false, false);              \
  case Op::TO##ExtmulHigh##FROM##U: return v.extmul(Lane::LANE, o, true, false);
    SKIFF_WIDEN(I16x8, I8x16, I8)
    SKIFF_WIDEN(I32x4, I16x8, I16)
    SKIFF_WIDEN(I64x2, I32x4, I32)
#undef SKIFF_WIDEN
    case Op::I16x8ExtaddPairwiseI8x16S: return v.extadd(Lane::I8, o[0], true);
    case Op::I16x8ExtaddPairwiseI8x16U: return v.extadd(Lane::I8, o[0], false);
    case Op::I32x4ExtaddPairwiseI16x8S: return v.extadd(Lane::I16, o[0], true);
    case Op::I32x4ExtaddPairwiseI16x8U: return v.extadd(Lane::I16, o[0], false);
    case Op::I32x4DotI16x8S: return v.done(v.dot(Lane::I16, o[0], o[1]));
    case Op::I16x8Q15mulrSatS:
    case Op::I16x8RelaxedQ15mulrS: return q15mulr_sat(v, o);
    // Deterministic: both operands signed. Products of bytes fit 16 bits, except that their sum may wrap.
    case Op::I16x8RelaxedDotI8x16I7x16S: return v.done(v.dot(Lane::I8, o[0], o[1]));
    case Op::I32x4RelaxedDotI8x16I7x16AddS: {
      Value* pairs = v.done(v.dot(Lane::I8, o[0], o[1]));
      Value* sums = v.b.CreateAdd(v.alternate(Lane::I16, pairs, 0, true), v.alternate(Lane::I16, pairs, 1, true));
      return v.done(v.b.CreateAdd(sums, v.as(Lane::I32, o[2])));
    }
    default: return nullptr;
  }
}

Value* emit_float_lanes(V& v, Op op, Operands o) {
  auto& b = v.b;
  auto madd = [&](Lane lane, bool negate) {
    Value* x = v.as(lane, o[0]);
    Value* product = b.CreateFMul(negate ? b.CreateFNeg(x) : x, v.as(lane, o[1]));
    return v.done(b.CreateFAdd(product, v.as(lane, o[2])));
  };
  switch (op) {
#define SKIFF_FLOATS(NAME, CALL)                                            \
  case Op::F32x4##NAME: { constexpr Lane kLane = Lane::F32; return CALL; }  \
  case Op::F64x2##NAME: { constexpr Lane kLane = Lane::F64; return CALL; }
    SKIFF_FLOATS(Eq, v.compare(kLane, CmpInst::FCMP_OEQ, o))
    SKIFF_FLOATS(Ne, v.compare(kLane, CmpInst::FCMP_UNE, o))
    SKIFF_FLOATS(Lt, v.compare(kLane, CmpInst::FCMP_OLT, o))
    SKIFF_FLOATS(Gt, v.compare(kLane, CmpInst::FCMP_OGT, o))
    SKIFF_FLOATS(Le, v.compare(kLane, CmpInst::FCMP_OLE, o))
    SKIFF_FLOATS(Ge, v.compare(kLane, CmpInst::FCMP_OGE, o))
    SKIFF_FLOATS(Abs, v.intrinsic1(kLane, Intrinsic::fabs, o))
    SKIFF_FLOATS(Neg, v.done(b.CreateFNeg(v.as(kLane, o[0]))))
    SKIFF_FLOATS(Sqrt, v.intrinsic1(kLane, Intrinsic::sqrt, o))
    SKIFF_FLOATS(Ceil, v.round(kLane, Intrinsic::ceil, o[0]))
    SKIFF_FLOATS(Floor, v.round(kLane, Intrinsic::floor, o[0]))
    SKIFF_FLOATS(Trunc, v.round(kLane, Intrinsic::trunc, o[0]))
    SKIFF_FLOATS(Nearest, v.round(kLane, Intrinsic::roundeven, o[0]))
    SKIFF_FLOATS(Add, v.arithmetic(kLane, llvm::Instruction::FAdd, o))
    SKIFF_FLOATS(Sub, v.arithmetic(kLane, llvm::Instruction::FSub, o))
    SKIFF_FLOATS(Mul, v.arithmetic(kLane, llvm::Instruction::FMul, o))
    SKIFF_FLOATS(Div, v.arithmetic(kLane, llvm::Instruction::FDiv, o))
    SKIFF_FLOATS(Min, v.min_max(kLane, false, o))
    SKIFF_FLOATS(Max, v.min_max(kLane, true, o))
    SKIFF_FLOATS(RelaxedMin, v.min_max(kLane, false, o))
    SKIFF_FLOATS(RelaxedMax, v.min_max(kLane, true, o))
    SKIFF_FLOATS(Pmin, v.pseudo_min_max(kLane, false, o))
    SKIFF_FLOATS(Pmax, v.pseudo_min_max(kLane, true, o))
    SKIFF_FLOATS(RelaxedMadd, madd(kLane, false))
    SKIFF_FLOATS(RelaxedNmadd, madd(kLane, true))
#undef SKIFF_FLOATS
    default: return nullptr;
  }
}

Value* emit_vector_conversion(V& v, Op op, Operands o) {
  auto& b = v.b;
  auto* const f32x4 = v.type(Lane::F32);
  auto* const f64x2 = v.type(Lane::F64);
  auto* const i32x4 = v.type(Lane::I32);
  auto* const i32x2 = FixedVectorType::get(b.getInt32Ty(), 2);
  switch (op) {
    case Op::I32x4TruncSatF32x4S:
    case Op::I32x4RelaxedTruncF32x4S: return v.done(trunc_sat(v, v.as(Lane::F32, o[0]), i32x4, true));
    case Op::I32x4TruncSatF32x4U:
    case Op::I32x4RelaxedTruncF32x4U: return v.done(trunc_sat(v, v.as(Lane::F32, o[0]), i32x4, false));
    case Op::I32x4TruncSatF64x2SZero:
    case Op::I32x4RelaxedTruncF64x2SZero: return pad_low(v, trunc_sat(v, v.as(Lane::F64, o[0]), i32x2, true), b.getInt32Ty());
    case Op::I32x4TruncSatF64x2UZero:
    case Op::I32x4RelaxedTruncF64x2UZero: return pad_low(v, trunc_sat(v, v.as(Lane::F64, o[0]), i32x2, false), b.getInt32Ty());
    case Op::F32x4ConvertI32x4S: return v.done(b.CreateSIToFP(v.as(Lane::I32, o[0]), f32x4));
    case Op::F32x4ConvertI32x4U: return v.done(b.CreateUIToFP(v.as(Lane::I32, o[0]), f32x4));
    case Op::F64x2ConvertLowI32x4S: return v.done(b.CreateSIToFP(low_half(v, v.as(Lane::I32, o[0])), f64x2));
    case Op::F64x2ConvertLowI32x4U: return v.done(b.CreateUIToFP(low_half(v, v.as(Lane::I32, o[0])), f64x2));
    case Op::F32x4DemoteF64x2Zero:
      return pad_low(v, b.CreateFPTrunc(v.as(Lane::F64, o[0]), FixedVectorType::get(b.getFloatTy(), 2)), b.getFloatTy());
    case Op::F64x2PromoteLowF32x4: return v.done(b.CreateFPExt(low_half(v, v.as(Lane::F32, o[0])), f64x2));
    default: return nullptr;
  }
}

Value* emit_bits(V& v, Op op, Operands o) {
  auto& b = v.b;
  auto splat = [&](Lane lane, Value* x) { return v.done(b.CreateVectorSplat(v.type(lane)->getNumElements(), x)); };
  switch (op) {
    case Op::V128Not: return b.CreateNot(o[0]);
    case Op::V128And: return b.CreateAnd(o[0], o[1]);
    case Op::V128Andnot: return b.CreateAnd(o[0], b.CreateNot(o[1]));
    case Op::V128Or: return b.CreateOr(o[0], o[1]);
    case Op::V128Xor: return b.CreateXor(o[0], o[1]);
    case Op::V128Bitselect:
    case Op::I8x16RelaxedLaneselect:
    case Op::I16x8RelaxedLaneselect:
    case Op::I32x4RelaxedLaneselect:
    case Op::I64x2RelaxedLaneselect:
      return b.CreateXor(b.CreateAnd(b.CreateXor(o[0], o[1]), o[2]), o[1]);
    case Op::V128AnyTrue: {
      Value* bits = b.CreateBitCast(o[0], b.getInt128Ty());
      return b.CreateZExt(b.CreateIsNotNull(bits), b.getInt32Ty());
    }
    case Op::I8x16Swizzle:
    case Op::I8x16RelaxedSwizzle: return swizzle(v, o);
    case Op::I8x16Splat: return splat(Lane::I8, b.CreateTrunc(o[0], b.getInt8Ty()));
    case Op::I16x8Splat: return splat(Lane::I16, b.CreateTrunc(o[0], b.getInt16Ty()));
    case Op::I32x4Splat: return splat(Lane::I32, o[0]);
    case Op::I64x2Splat: return splat(Lane::I64, o[0]);
    case Op::F32x4Splat: return splat(Lane::F32, o[0]);
    case Op::F64x2Splat: return splat(Lane::F64, o[0]);
    default: return nullptr;
  }
}

Lane lane_of(Op op) {
  const std::string_view text = info(op).text;
  if (text.starts_with("i8x16")) return Lane::I8;
  if (text.starts_with("i16x8")) return Lane::I16;
  if (text.starts_with("i32x4")) return Lane::I32;
  if (text.starts_with("i64x2")) return Lane::I64;
  return text.starts_with("f32x4") ? Lane::F32 : Lane::F64;
}

// Integer type of a memory access of the row's width.
llvm::IntegerType* access_type(Ir& ir, Op op) { return ir.b.getIntNTy(8u << info(op).width); }

// v128.loadNxM_s/u: M lanes of N bits, widened.
Value* load_extend(V& v, Value* raw, unsigned lane_bits, bool is_signed) {
  auto& b = v.b;
  auto* narrow = FixedVectorType::get(b.getIntNTy(lane_bits), 64 / lane_bits);
  auto* wide = FixedVectorType::get(b.getIntNTy(lane_bits * 2), 64 / lane_bits);
  Value* lanes = b.CreateBitCast(raw, narrow);
  return v.done(is_signed ? b.CreateSExt(lanes, wide) : b.CreateZExt(lanes, wide));
}

}  // namespace

Value* emit_vector(Ir& ir, Op op, Operands operands) {
  V v(ir);
  for (auto* emit : {emit_int_lanes, emit_bits, emit_float_lanes, emit_widening, emit_vector_conversion}) {
    if (Value* result = emit(v, op, operands)) return result;
  }
  SKIFF_CHECK(!"vector operator without IR");
}

Value* emit_extract_lane(Ir& ir, Op op, Value* vector, unsigned lane) {
  V v(ir);
  Value* value = ir.b.CreateExtractElement(v.as(lane_of(op), vector), lane);
  if (op == Op::I8x16ExtractLaneS || op == Op::I16x8ExtractLaneS) return ir.b.CreateSExt(value, ir.b.getInt32Ty());
  if (op == Op::I8x16ExtractLaneU || op == Op::I16x8ExtractLaneU) return ir.b.CreateZExt(value, ir.b.getInt32Ty());
  return value;
}

Value* emit_replace_lane(Ir& ir, Op op, Value* vector, Value* scalar, unsigned lane) {
  V v(ir);
  auto* type = v.type(lane_of(op));
  if (scalar->getType() != type->getElementType()) scalar = ir.b.CreateTrunc(scalar, type->getElementType());
  return v.done(ir.b.CreateInsertElement(v.as(lane_of(op), vector), scalar, lane));
}

Value* emit_shuffle(Ir& ir, Value* a, Value* b, const std::array<uint8_t, 16>& lanes) {
  llvm::SmallVector<int, 16> mask(lanes.begin(), lanes.end());
  return ir.b.CreateShuffleVector(a, b, mask);
}

Type* load_memory_type(Ir& ir, Op op) {
  switch (op) {
    case Op::F32Load: return ir.b.getFloatTy();
    case Op::F64Load: return ir.b.getDoubleTy();
    case Op::V128Load: return ir.v128_type();
    default: return access_type(ir, op);
  }
}

Value* emit_after_load(Ir& ir, Op op, Value* raw) {
  V v(ir);
  auto& b = ir.b;
  auto splat = [&](Lane lane) { return v.done(b.CreateVectorSplat(v.type(lane)->getNumElements(), raw)); };
  auto zero_above = [&](Lane lane) {
    return v.done(b.CreateInsertElement(llvm::Constant::getNullValue(v.type(lane)), raw, uint64_t{0}));
  };
  switch (op) {
    case Op::I32Load8S:
    case Op::I32Load16S: return b.CreateSExt(raw, b.getInt32Ty());
    case Op::I32Load8U:
    case Op::I32Load16U: return b.CreateZExt(raw, b.getInt32Ty());
    case Op::I64Load8S:
    case Op::I64Load16S:
    case Op::I64Load32S: return b.CreateSExt(raw, b.getInt64Ty());
    case Op::I64Load8U:
    case Op::I64Load16U:
    case Op::I64Load32U: return b.CreateZExt(raw, b.getInt64Ty());
    case Op::V128Load8x8S: return load_extend(v, raw, 8, true);
    case Op::V128Load8x8U: return load_extend(v, raw, 8, false);
    case Op::V128Load16x4S: return load_extend(v, raw, 16, true);
    case Op::V128Load16x4U: return load_extend(v, raw, 16, false);
    case Op::V128Load32x2S: return load_extend(v, raw, 32, true);
    case Op::V128Load32x2U: return load_extend(v, raw, 32, false);
    case Op::V128Load8Splat: return splat(Lane::I8);
    case Op::V128Load16Splat: return splat(Lane::I16);
    case Op::V128Load32Splat: return splat(Lane::I32);
    case Op::V128Load64Splat: return splat(Lane::I64);
    case Op::V128Load32Zero: return zero_above(Lane::I32);
    case Op::V128Load64Zero: return zero_above(Lane::I64);
    default: return raw;
  }
}

Value* emit_before_store(Ir& ir, Op op, Value* value) {
  const bool partial = value->getType()->isIntegerTy();
  return partial ? ir.b.CreateTrunc(value, access_type(ir, op)) : value;
}

namespace {
Lane lane_of_width(Op op) { return static_cast<Lane>(info(op).width); }
}  // namespace

Value* emit_load_lane(Ir& ir, Op op, Value* raw, Value* vector, unsigned lane) {
  V v(ir);
  return v.done(ir.b.CreateInsertElement(v.as(lane_of_width(op), vector), raw, lane));
}

Value* emit_store_lane(Ir& ir, Op op, Value* vector, unsigned lane) {
  V v(ir);
  return ir.b.CreateExtractElement(v.as(lane_of_width(op), vector), lane);
}

}  // namespace skiff::llvm_tier
