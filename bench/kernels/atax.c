/* PolyBench-like: y = A^T (A x): one loop along rows that is a sum, one that is not. */
#include "bench.h"
enum { N = 400 };
static double A[N][N], x[N], y[N];
uint64_t kernel(void) {
  for (int i = 0; i < N; ++i) {
    x[i] = 1 + i / (double)N, y[i] = 0;
    for (int j = 0; j < N; ++j) A[i][j] = (i + j) % N / (5.0 * N) + opaque_zero;
  }
  for (int i = 0; i < N; ++i) {
    double sum = 0;
    for (int j = 0; j < N; ++j) sum += A[i][j] * x[j];
    for (int j = 0; j < N; ++j) y[j] += A[i][j] * sum;
  }
  return bits_of(y[3] + y[N - 1]);
}
