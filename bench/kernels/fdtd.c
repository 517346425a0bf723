/* PolyBench-like: two-dimensional field equations, three arrays. */
#include "bench.h"
enum { N = 100, kSteps = 20 };
static double ex[N][N], ey[N][N], hz[N][N];
uint64_t kernel(void) {
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j)
      ex[i][j] = i * (j + 1.0) / N, ey[i][j] = i * (j + 2.0) / N, hz[i][j] = i * (j + 3.0) / N + opaque_zero;
  for (int t = 0; t < kSteps; ++t) {
    for (int j = 0; j < N; ++j) ey[0][j] = t;
    for (int i = 1; i < N; ++i)
      for (int j = 0; j < N; ++j) ey[i][j] -= 0.5 * (hz[i][j] - hz[i - 1][j]);
    for (int i = 0; i < N; ++i)
      for (int j = 1; j < N; ++j) ex[i][j] -= 0.5 * (hz[i][j] - hz[i][j - 1]);
    for (int i = 0; i < N - 1; ++i)
      for (int j = 0; j < N - 1; ++j) hz[i][j] -= 0.7 * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]);
  }
  return bits_of(hz[N / 2][N / 3] + ex[3][4]);
}
