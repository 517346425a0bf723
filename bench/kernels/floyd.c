/* PolyBench-like: all shortest paths, integers. */
#include "bench.h"
enum { N = 180 };
static int D[N][N];
uint64_t kernel(void) {
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) D[i][j] = i == j ? 0 : (i * 7 + j * 13) % 97 + 1;
  for (int k = 0; k < N; ++k)
    for (int i = 0; i < N; ++i)
      for (int j = 0; j < N; ++j) {
        int through = D[i][k] + D[k][j];
        if (through < D[i][j]) D[i][j] = through;
      }
  uint64_t sum = 0;
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) sum = sum * 31 + (uint32_t)D[i][j];
  return sum;
}
