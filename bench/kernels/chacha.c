/* 32-bit adds, xors and rotates: ChaCha20 blocks. */
#include "bench.h"
#define ROTATE(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define QUARTER(a, b, c, d)                    \
  (a += b, d = ROTATE(d ^ a, 16), c += d, b = ROTATE(b ^ c, 12), a += b, d = ROTATE(d ^ a, 8), c += d, \
   b = ROTATE(b ^ c, 7))
uint64_t kernel(void) {
  uint32_t in[16], out[16];
  for (uint32_t i = 0; i < 16; ++i) in[i] = i * 0x9E3779B9u;
  in[0] += opaque_zero;
  uint64_t sum = 0;
  for (uint32_t block = 0; block < 40000; ++block) {
    in[12] = block;
    uint32_t x[16];
    memcpy(x, in, sizeof x);
    for (int i = 0; i < 10; ++i) {
      QUARTER(x[0], x[4], x[8], x[12]), QUARTER(x[1], x[5], x[9], x[13]);
      QUARTER(x[2], x[6], x[10], x[14]), QUARTER(x[3], x[7], x[11], x[15]);
      QUARTER(x[0], x[5], x[10], x[15]), QUARTER(x[1], x[6], x[11], x[12]);
      QUARTER(x[2], x[7], x[8], x[13]), QUARTER(x[3], x[4], x[9], x[14]);
    }
    for (int i = 0; i < 16; ++i) out[i] = x[i] + in[i];
    sum = sum * 31 + out[block & 15];
  }
  return sum;
}
