/* What every kernel shares: main() runs it once to warm up, then kRounds times, and prints the fastest
 * round's nanoseconds and a checksum, so that engines can be compared without their start-up time and a
 * wrong result is noticed. Each kernel defines `uint64_t kernel(void)`. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t kernel(void);

/* Zero, but no compiler knows: keeps a kernel from being computed once, or at compile time. */
static volatile uint32_t opaque_zero;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char** argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 5;
  uint64_t best = UINT64_MAX, sum = kernel();
  for (int i = 0; i < rounds; ++i) {
    uint64_t start = now_ns();
    uint64_t again = kernel();
    uint64_t time = now_ns() - start;
    if (again != sum) {
      printf("unstable result\n");
      return 1;
    }
    if (time < best) best = time;
  }
  printf("ns %llu checksum %016llx\n", (unsigned long long)best, (unsigned long long)sum);
  return 0;
}

/* A small generator of repeatable numbers. */
static inline uint32_t next_random(uint32_t* state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

static inline uint64_t bits_of(double d) {
  uint64_t u;
  memcpy(&u, &d, 8);
  return u;
}
