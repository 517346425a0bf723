// Registers that the platform's convention wants preserved are saved in fixed places of the stub's frame, which
// has a frame record and call frame information like any other.
#include "compiler/target/enter_stub.h"

#include <cstddef>

// Offsets that the assembly has as numbers.
static_assert(offsetof(skiff::VmCtx, vm_store) == 0 && offsetof(skiff::VmStore, tail_callee) == 56);
static_assert(offsetof(skiff::FuncInst, native_entry) == 32 && offsetof(skiff::FuncInst, native_ctx) == 40);

#define SKIFF_FUNCTION(NAME) \
  ".p2align 4\n.globl " NAME "\n.hidden " NAME "\n.type " NAME ", %function\n" NAME ":\n.cfi_startproc\n"
#define SKIFF_END(NAME) ".cfi_endproc\n.size " NAME ", .-" NAME "\n"

// clang-format off
#if defined(__x86_64__)

asm(".text\n"
    SKIFF_FUNCTION("skiff_native_call")
    "  pushq %rbp\n"
    "  .cfi_def_cfa_offset 16\n"
    "  .cfi_offset %rbp, -16\n"
    "  movq %rsp, %rbp\n"
    "  .cfi_def_cfa_register %rbp\n"
    "  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
    "  .cfi_offset %rbx, -24\n  .cfi_offset %r12, -32\n  .cfi_offset %r13, -40\n"
    "  .cfi_offset %r14, -48\n  .cfi_offset %r15, -56\n"
    "  subq $8, %rsp\n"  // calls want 16-byte alignment
    "  movq %rbp, (%r8)\n"
    "  callq *%rcx\n"
    ".Lskiff_native_return:\n"
    "  leaq -40(%rbp), %rsp\n"
    "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
    "  .cfi_def_cfa %rsp, 8\n"
    "  retq\n"
    SKIFF_END("skiff_native_call")
    SKIFF_FUNCTION("skiff_native_leave")
    "  movq %rdi, %rbp\n"
    "  movl %esi, %eax\n"
    "  jmp .Lskiff_native_return\n"
    SKIFF_END("skiff_native_leave")
    // r13: context of the caller. Free: rax, r11.
    SKIFF_FUNCTION("skiff_native_tail_call")
    "  movq (%r13), %r11\n"
    "  movq 56(%r11), %r11\n"
    "  leaq .Lskiff_tail_return(%rip), %rax\n"
    "  cmpq %rax, (%rsp)\n"
    "  jne 1f\n"
    "  movq 40(%r11), %r13\n"
    "  jmpq *32(%r11)\n"
    "1:\n"
    "  pushq %rbp\n"
    "  .cfi_def_cfa_offset 16\n"
    "  .cfi_offset %rbp, -16\n"
    "  movq %rsp, %rbp\n"
    "  .cfi_def_cfa_register %rbp\n"
    "  pushq %r13\n"
    "  .cfi_offset %r13, -24\n"
    "  subq $8, %rsp\n"
    "  movq 40(%r11), %r13\n"
    "  callq *32(%r11)\n"
    ".Lskiff_tail_return:\n"
    "  movq -8(%rbp), %r13\n"
    "  leaveq\n"
    "  .cfi_def_cfa %rsp, 8\n"
    "  retq\n"
    SKIFF_END("skiff_native_tail_call"));

#elif defined(__aarch64__)

asm(".text\n"
    SKIFF_FUNCTION("skiff_native_call")
    "  stp x29, x30, [sp, #-160]!\n"
    "  .cfi_def_cfa_offset 160\n"
    "  mov x29, sp\n"
    "  .cfi_def_cfa x29, 160\n"
    "  .cfi_offset x29, -160\n  .cfi_offset x30, -152\n"
    "  stp x19, x20, [sp, #16]\n  .cfi_offset x19, -144\n  .cfi_offset x20, -136\n"
    "  stp x21, x22, [sp, #32]\n  .cfi_offset x21, -128\n  .cfi_offset x22, -120\n"
    "  stp x23, x24, [sp, #48]\n  .cfi_offset x23, -112\n  .cfi_offset x24, -104\n"
    "  stp x25, x26, [sp, #64]\n  .cfi_offset x25, -96\n  .cfi_offset x26, -88\n"
    "  stp x27, x28, [sp, #80]\n  .cfi_offset x27, -80\n  .cfi_offset x28, -72\n"
    "  stp d8, d9, [sp, #96]\n  .cfi_offset b8, -64\n  .cfi_offset b9, -56\n"
    "  stp d10, d11, [sp, #112]\n  .cfi_offset b10, -48\n  .cfi_offset b11, -40\n"
    "  stp d12, d13, [sp, #128]\n  .cfi_offset b12, -32\n  .cfi_offset b13, -24\n"
    "  stp d14, d15, [sp, #144]\n  .cfi_offset b14, -16\n  .cfi_offset b15, -8\n"
    "  str x29, [x4]\n"
    "  blr x3\n"
    ".Lskiff_native_return:\n"
    "  ldp d14, d15, [sp, #144]\n  ldp d12, d13, [sp, #128]\n"
    "  ldp d10, d11, [sp, #112]\n  ldp d8, d9, [sp, #96]\n"
    "  ldp x27, x28, [sp, #80]\n  ldp x25, x26, [sp, #64]\n  ldp x23, x24, [sp, #48]\n"
    "  ldp x21, x22, [sp, #32]\n  ldp x19, x20, [sp, #16]\n"
    "  ldp x29, x30, [sp], #160\n"
    "  .cfi_def_cfa sp, 0\n"
    "  ret\n"
    SKIFF_END("skiff_native_call")
    SKIFF_FUNCTION("skiff_native_leave")
    "  mov x29, x0\n"
    "  mov sp, x0\n"
    "  mov w0, w1\n"
    "  b .Lskiff_native_return\n"
    SKIFF_END("skiff_native_leave")
    // x20: context of the caller. Free: x16, x17.
    SKIFF_FUNCTION("skiff_native_tail_call")
    "  ldr x16, [x20]\n"
    "  ldr x16, [x16, #56]\n"
    "  adr x17, .Lskiff_tail_return\n"
    "  cmp x30, x17\n"
    "  b.ne 1f\n"
    "  ldr x17, [x16, #32]\n"
    "  ldr x20, [x16, #40]\n"
    "  br x17\n"
    "1:\n"
    "  stp x29, x30, [sp, #-32]!\n"
    "  .cfi_def_cfa_offset 32\n"
    "  mov x29, sp\n"
    "  .cfi_def_cfa x29, 32\n"
    "  .cfi_offset x29, -32\n  .cfi_offset x30, -24\n"
    "  str x20, [sp, #16]\n"
    "  .cfi_offset x20, -16\n"
    "  ldr x17, [x16, #32]\n"
    "  ldr x20, [x16, #40]\n"
    "  blr x17\n"
    ".Lskiff_tail_return:\n"
    "  ldr x20, [sp, #16]\n"
    "  ldp x29, x30, [sp], #32\n"
    "  .cfi_def_cfa sp, 0\n"
    "  ret\n"
    SKIFF_END("skiff_native_tail_call"));

#elif defined(__riscv) && __riscv_xlen == 64

#define SKIFF_RV_ALL(X) \
  X("d ", "s1", "184") X("d ", "s2", "176") X("d ", "s3", "168") X("d ", "s4", "160") X("d ", "s5", "152") \
  X("d ", "s6", "144") X("d ", "s7", "136") X("d ", "s8", "128") X("d ", "s9", "120") X("d ", "s10", "112") \
  X("d ", "s11", "104")
#define SKIFF_RV_FLOATS(X) \
  X("d ", "fs0", "96") X("d ", "fs1", "88") X("d ", "fs2", "80") X("d ", "fs3", "72") X("d ", "fs4", "64") \
  X("d ", "fs5", "56") X("d ", "fs6", "48") X("d ", "fs7", "40") X("d ", "fs8", "32") X("d ", "fs9", "24") \
  X("d ", "fs10", "16") X("d ", "fs11", "8")
#define SKIFF_RV_SAVE(D, REG, AT) "  s" D REG ", " AT "(sp)\n  .cfi_offset " REG ", " AT "-208\n"
#define SKIFF_RV_LOAD(D, REG, AT) "  l" D REG ", " AT "(sp)\n"
#define SKIFF_RV_FSAVE(D, REG, AT) "  fs" D REG ", " AT "(sp)\n  .cfi_offset " REG ", " AT "-208\n"
#define SKIFF_RV_FLOAD(D, REG, AT) "  fl" D REG ", " AT "(sp)\n"

asm(".text\n"
    SKIFF_FUNCTION("skiff_native_call")
    "  addi sp, sp, -208\n"
    "  .cfi_def_cfa_offset 208\n"
    "  sd ra, 200(sp)\n  .cfi_offset ra, -8\n"
    "  sd s0, 192(sp)\n  .cfi_offset s0, -16\n"
    "  addi s0, sp, 208\n"
    "  .cfi_def_cfa s0, 0\n"
    SKIFF_RV_ALL(SKIFF_RV_SAVE)
    SKIFF_RV_FLOATS(SKIFF_RV_FSAVE)
    "  sd s0, 0(a4)\n"
    "  jalr a3\n"
    ".Lskiff_native_return:\n"
    "  addi sp, s0, -208\n"
    "  .cfi_def_cfa sp, 208\n"
    SKIFF_RV_FLOATS(SKIFF_RV_FLOAD)
    SKIFF_RV_ALL(SKIFF_RV_LOAD)
    "  ld ra, 200(sp)\n"
    "  ld s0, 192(sp)\n"
    "  addi sp, sp, 208\n"
    "  .cfi_def_cfa_offset 0\n"
    "  ret\n"
    SKIFF_END("skiff_native_call")
    SKIFF_FUNCTION("skiff_native_leave")
    "  mv s0, a0\n"
    "  mv a0, a1\n"
    "  j .Lskiff_native_return\n"
    SKIFF_END("skiff_native_leave")
    // The context is an ordinary argument here: code jumps to such callees directly.
    SKIFF_FUNCTION("skiff_native_tail_call")
    "  ebreak\n"
    SKIFF_END("skiff_native_tail_call"));

#else
#error "Skiff has no entry stub for this instruction set"
#endif
