/* setjmp.h for guests: Debian's wasi-libc has none. clang lowers setjmp and longjmp to WebAssembly
 * exceptions (-mllvm -wasm-enable-sjlj); examples/guest/sjlj.c is the run-time part. */
#pragma once
#ifdef __cplusplus
extern "C" {
#endif
typedef struct {
  void* words[4];
} jmp_buf[1];
int setjmp(jmp_buf) __attribute__((returns_twice));
void longjmp(jmp_buf, int) __attribute__((noreturn));
#ifdef __cplusplus
}
#endif
