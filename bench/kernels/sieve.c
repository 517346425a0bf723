/* Byte stores and branches: the sieve of Eratosthenes. */
#include "bench.h"
enum { kSize = 2000000 };
static uint8_t composite[kSize];
uint64_t kernel(void) {
  memset(composite, 0, sizeof composite);
  uint64_t count = 0;
  for (uint32_t i = 2; i < kSize; ++i) {
    if (composite[i]) continue;
    ++count;
    for (uint32_t j = i * 2; j < kSize; j += i) composite[j] = 1;
  }
  return count;
}
