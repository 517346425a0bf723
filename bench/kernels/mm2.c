/* PolyBench-like: two matrix products in a row, D = A B C, doubles. */
#include "bench.h"
enum { N = 96 };
static double A[N][N], B[N][N], C[N][N], T[N][N], D[N][N];
static void multiply(double (*restrict to)[N], double (*restrict x)[N], double (*restrict y)[N]) {
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j < N; ++j) to[i][j] = 0;
    for (int k = 0; k < N; ++k)
      for (int j = 0; j < N; ++j) to[i][j] += x[i][k] * y[k][j];
  }
}
uint64_t kernel(void) {
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j)
      A[i][j] = (i * j + 1) % N / 8.0, B[i][j] = (i + j) % 13, C[i][j] = (i - j) % 7 + (double)opaque_zero;
  multiply(T, A, B);
  multiply(D, T, C);
  return bits_of(D[5][7] + D[N - 1][N - 1]);
}
