/* PolyBench-like: C = alpha A B + beta C in doubles. */
#include "bench.h"
enum { N = 160 };
static double A[N][N], B[N][N], C[N][N];
uint64_t kernel(void) {
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) A[i][j] = (i * j % 7) / 7.0, B[i][j] = (i + j) % 11 / 11.0, C[i][j] = (i - j) / (double)N;
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j < N; ++j) C[i][j] *= 1.2;
    for (int k = 0; k < N; ++k)
      for (int j = 0; j < N; ++j) C[i][j] += 1.5 * A[i][k] * B[k][j];
  }
  double sum = 0;
  for (int i = 0; i < N; ++i) sum += C[i][i] + C[i][N - 1 - i];
  return bits_of(sum);
}
