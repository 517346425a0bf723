/* PolyBench-like: two-dimensional Jacobi stencil. */
#include "bench.h"
enum { N = 250, STEPS = 20 };
static double A[N][N], B[N][N];
uint64_t kernel(void) {
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) A[i][j] = B[i][j] = (i * (j + 2) + 2.0) / N;
  for (int t = 0; t < STEPS; ++t) {
    for (int i = 1; i < N - 1; ++i)
      for (int j = 1; j < N - 1; ++j) B[i][j] = 0.2 * (A[i][j] + A[i][j - 1] + A[i][j + 1] + A[i + 1][j] + A[i - 1][j]);
    for (int i = 1; i < N - 1; ++i)
      for (int j = 1; j < N - 1; ++j) A[i][j] = 0.2 * (B[i][j] + B[i][j - 1] + B[i][j + 1] + B[i + 1][j] + B[i - 1][j]);
  }
  return bits_of(A[N / 2][N / 3]);
}
