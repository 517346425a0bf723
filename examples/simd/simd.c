/* A SIMD kernel: the Mandelbrot set, four points at a time, with clang's vector extensions, which become
 * v128 operators in WebAssembly. Prints the picture and a checksum; the same natively and in the sandbox. */
#include <stdint.h>
#include <stdio.h>

typedef float f32x4 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));

enum { kWidth = 64, kHeight = 24, kLimit = 200 };

static i32x4 iterations(f32x4 cx, f32x4 cy) {
  f32x4 x = {0}, y = {0};
  i32x4 count = {0};
  for (int i = 0; i < kLimit; ++i) {
    f32x4 xx = x * x, yy = y * y;
    i32x4 inside = xx + yy <= 4.0f;
    if (!(inside[0] | inside[1] | inside[2] | inside[3])) break;
    count -= inside;
    y = 2.0f * x * y + cy;
    x = xx - yy + cx;
  }
  return count;
}

int main(void) {
  uint64_t sum = 0;
  for (int row = 0; row < kHeight; ++row) {
    char line[kWidth + 1];
    for (int column = 0; column < kWidth; column += 4) {
      f32x4 cx, cy;
      for (int k = 0; k < 4; ++k) {
        cx[k] = -2.2f + 3.2f * (float)(column + k) / kWidth;
        cy[k] = -1.2f + 2.4f * (float)row / kHeight;
      }
      i32x4 n = iterations(cx, cy);
      for (int k = 0; k < 4; ++k) {
        line[column + k] = " .:-=+*#%@"[n[k] * 9 / kLimit];
        sum = sum * 31 + (uint64_t)n[k];
      }
    }
    line[kWidth] = 0;
    puts(line);
  }
  printf("checksum %llu\n", (unsigned long long)sum);
  return 0;
}
