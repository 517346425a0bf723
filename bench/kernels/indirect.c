/* Indirect calls: a small machine whose every step goes through a table of functions. */
#include "bench.h"
typedef struct {
  uint64_t a, b;
  uint32_t pc;
} Machine;
typedef void (*Step)(Machine*, uint32_t);
static void add(Machine* m, uint32_t n) { m->a += n; }
static void mul(Machine* m, uint32_t n) { m->a *= n | 1; }
static void mix(Machine* m, uint32_t n) { m->b ^= m->a >> (n & 31); }
static void swap(Machine* m, uint32_t n) {
  uint64_t t = m->a;
  m->a = m->b + n, m->b = t;
}
static void rot(Machine* m, uint32_t n) { m->a = m->a << 7 | m->a >> 57; (void)n; }
static void sub(Machine* m, uint32_t n) { m->b -= n; }
static void nop(Machine* m, uint32_t n) { (void)m, (void)n; }
static void both(Machine* m, uint32_t n) { m->a += m->b, m->b += n; }
static Step volatile const steps_in_memory[8] = {add, mul, mix, swap, rot, sub, nop, both};
uint64_t kernel(void) {
  Machine m = {1, 2, 0};
  uint32_t state = 99;
  for (int i = 0; i < 1000000; ++i) {
    uint32_t r = next_random(&state);
    steps_in_memory[r & 7](&m, r >> 3);
  }
  return m.a ^ m.b;
}
