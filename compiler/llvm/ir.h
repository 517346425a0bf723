// Ir: what the emitters of single operators share: builder, module, target, and how to trap. The translator
// (translate.h) owns one for each function. Emitters are pure in the sense that they append instructions at
// the builder's place and give back values; they may split blocks (traps).
//
// Values: i32, i64, float, double, <16 x i8> for every v128 (lanes are bitcasts), i64 for references.
#pragma once

#include "compiler/target/abi.h"
#include "engine/exec/trap.h"
#include "engine/syntax/instr.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/TargetParser/Triple.h"

namespace skiff::llvm_tier {

/// What code may assume of the CPU, from the target machine's feature string.
struct TargetTraits {
  llvm::Triple::ArchType arch = llvm::Triple::x86_64;
  compiler::TargetAbi abi;
  bool ssse3 = false, sse41 = false, avx2 = false;  // x86-64
  bool zfa = false, vector = false;                 // RISC-V
};

class Ir {
 public:
  Ir(llvm::Module& module, const TargetTraits& target) : module(module), target(target), b(module.getContext()) {}
  virtual ~Ir() = default;

  llvm::Module& module;
  const TargetTraits& target;
  llvm::IRBuilder<> b;

  /// Continues only where `condition` (i1) is false; else traps. The trap's block is cold and shared.
  virtual void trap_if(llvm::Value* condition, TrapCode code) = 0;

  llvm::Type* type(ValType t);
  llvm::Value* i32(uint32_t v) { return b.getInt32(v); }
  llvm::Value* i64(uint64_t v) { return b.getInt64(v); }
  llvm::FixedVectorType* v128_type() { return llvm::FixedVectorType::get(b.getInt8Ty(), 16); }
};

/// Whether arithmetic with this operand may be folded to the other one, or to its negation, which quiets no NaN: a
/// constant with 0, 1 or -1 in any lane.
bool is_float_unit(const llvm::Value* v);
/// Rows of Shape Unary, Binary, Ternary of scalar types (ir_numeric.cc).
llvm::Value* emit_scalar(Ir& ir, Op op, llvm::ArrayRef<llvm::Value*> operands);
/// Rows of Shape Wide: two i64 results, low then high.
std::pair<llvm::Value*, llvm::Value*> emit_wide(Ir& ir, Op op, llvm::ArrayRef<llvm::Value*> operands);
/// Rows of Shape Unary, Binary, Ternary with a v128 among operands or results (ir_simd.cc), splats included.
llvm::Value* emit_vector(Ir& ir, Op op, llvm::ArrayRef<llvm::Value*> operands);
llvm::Value* emit_extract_lane(Ir& ir, Op op, llvm::Value* vector, unsigned lane);
llvm::Value* emit_replace_lane(Ir& ir, Op op, llvm::Value* vector, llvm::Value* scalar, unsigned lane);
llvm::Value* emit_shuffle(Ir& ir, llvm::Value* a, llvm::Value* b, const std::array<uint8_t, 16>& lanes);

/// The memory side of loads and stores. Row of Shape Load: the type to load from memory, and the value made of it.
llvm::Type* load_memory_type(Ir& ir, Op op);
llvm::Value* emit_after_load(Ir& ir, Op op, llvm::Value* raw);
/// Row of Shape Store: what is written.
llvm::Value* emit_before_store(Ir& ir, Op op, llvm::Value* value);
/// LoadLane: raw memory value into a lane; StoreLane: a lane as the raw memory value.
llvm::Value* emit_load_lane(Ir& ir, Op op, llvm::Value* raw, llvm::Value* vector, unsigned lane);
llvm::Value* emit_store_lane(Ir& ir, Op op, llvm::Value* vector, unsigned lane);

}  // namespace skiff::llvm_tier
