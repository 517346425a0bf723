/* PolyBench-like: LU decomposition in place. */
#include "bench.h"
enum { N = 120 };
static double A[N][N];
uint64_t kernel(void) {
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) A[i][j] = (i == j ? N : 0) + (i * 3 + j * 5) % 17 / 17.0 + opaque_zero;
  for (int k = 0; k < N; ++k)
    for (int i = k + 1; i < N; ++i) {
      double f = A[i][k] /= A[k][k];
      for (int j = k + 1; j < N; ++j) A[i][j] -= f * A[k][j];
    }
  return bits_of(A[N - 1][N - 1] + A[N / 2][3]);
}
