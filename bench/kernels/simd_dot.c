/* 128-bit vectors: float dot products and byte sums. */
#include "bench.h"
typedef float f32x4 __attribute__((vector_size(16)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));
enum { kCount = 1 << 14 };
static f32x4 a[kCount / 4], b[kCount / 4];
static u8x16 bytes[kCount / 16];
uint64_t kernel(void) {
  for (int i = 0; i < kCount; ++i) a[i / 4][i % 4] = i % 17, b[i / 4][i % 4] = i % 5, bytes[i / 16][i % 16] = (uint8_t)i;
  f32x4 sum = {0};
  u8x16 total = {0};
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < kCount / 4; ++i) sum += a[i] * b[i];
    for (int i = 0; i < kCount / 16; ++i) total += bytes[i] ^ (u8x16)(total << 1);
    sum *= 0.5f;
  }
  return (uint64_t)(sum[0] + sum[1] + sum[2] + sum[3]) * 256 + total[7];
}
