/* Calls: Fibonacci by naive recursion. */
#include "bench.h"
__attribute__((noinline)) static uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static volatile uint32_t input = 30;
uint64_t kernel(void) { return fib(input); }
