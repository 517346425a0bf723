/* What clang's lowering of setjmp and longjmp calls. A jmp_buf remembers which call of which function
 * it belongs to; longjmp throws the tag __c_longjmp, whose payload points to the jump's argument. */
#include <stdint.h>

struct jump_argument {
  void* env;
  int value;
};

struct jump_buffer {
  void* invocation; /* identifies one activation of the function that called setjmp */
  uint32_t label;   /* which setjmp in it, from 1 */
  struct jump_argument argument;
};

__asm__(".globl __c_longjmp\n"
        ".tagtype __c_longjmp i32\n"
        "__c_longjmp:\n");

void __wasm_setjmp(void* env, uint32_t label, void* invocation) {
  struct jump_buffer* buffer = env;
  buffer->invocation = invocation;
  buffer->label = label;
}

uint32_t __wasm_setjmp_test(void* env, void* invocation) {
  struct jump_buffer* buffer = env;
  return buffer->invocation == invocation ? buffer->label : 0;
}

void __wasm_longjmp(void* env, int value) {
  struct jump_buffer* buffer = env;
  buffer->argument.env = env;
  buffer->argument.value = value ? value : 1;
  __builtin_wasm_throw(1, &buffer->argument);
}
