/* PolyBench-like: Cholesky decomposition. */
#include <math.h>

#include "bench.h"
enum { N = 200 };
static double A[N][N];
uint64_t kernel(void) {
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) A[i][j] = i == j ? N : 1.0 / (1 + i + j);
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j < i; ++j) {
      for (int k = 0; k < j; ++k) A[i][j] -= A[i][k] * A[j][k];
      A[i][j] /= A[j][j];
    }
    for (int k = 0; k < i; ++k) A[i][i] -= A[i][k] * A[i][k];
    A[i][i] = sqrt(A[i][i]);
  }
  return bits_of(A[N - 1][N - 1]);
}
