/* Unpredictable branches and recursion: quicksort. */
#include "bench.h"
enum { kCount = 200000 };
static uint32_t data[kCount];
static void sort(uint32_t* a, int low, int high) {
  while (low < high) {
    uint32_t pivot = a[(low + high) / 2];
    int i = low, j = high;
    while (i <= j) {
      while (a[i] < pivot) ++i;
      while (a[j] > pivot) --j;
      if (i <= j) {
        uint32_t t = a[i];
        a[i++] = a[j];
        a[j--] = t;
      }
    }
    if (j - low < high - i) sort(a, low, j), low = i;
    else sort(a, i, high), high = j;
  }
}
uint64_t kernel(void) {
  uint32_t state = 12345;
  for (int i = 0; i < kCount; ++i) data[i] = next_random(&state);
  sort(data, 0, kCount - 1);
  uint64_t sum = 0;
  for (int i = 0; i < kCount; ++i) sum = sum * 31 + data[i];
  return sum;
}
