/* PolyBench-like: a nine-point stencil in place: every step waits for the one before. */
#include "bench.h"
enum { N = 100, kSteps = 10 };
static double A[N][N];
uint64_t kernel(void) {
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) A[i][j] = (i * (j + 2.0) + 2) / N + opaque_zero;
  for (int t = 0; t < kSteps; ++t)
    for (int i = 1; i < N - 1; ++i)
      for (int j = 1; j < N - 1; ++j)
        A[i][j] = (A[i - 1][j - 1] + A[i - 1][j] + A[i - 1][j + 1] + A[i][j - 1] + A[i][j] + A[i][j + 1] +
                   A[i + 1][j - 1] + A[i + 1][j] + A[i + 1][j + 1]) / 9.0;
  return bits_of(A[N / 2][N / 3]);
}
