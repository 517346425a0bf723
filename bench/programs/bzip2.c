/* libbzip2: compresses half a megabyte of words and expands it again. */
#include "bench.h"
#include "bzlib.h"
enum { kSize = 1 << 19 };
static char text[kSize], packed[kSize + kSize / 50 + 600], again[kSize];
void bz_internal_error(int code) {
  printf("bzip2: internal error %d\n", code);
  exit(1);
}
uint64_t kernel(void) {
  static const char* const words[] = {"the ", "module ", "of ", "memory ", "and ", "table ", "is ", "not ", "type ", "call ",
                                      "a ", "value ", "in ", "stack ", "index ", "each\n"};
  uint32_t state = 7 + opaque_zero;
  for (size_t at = 0; at < kSize;) {
    uint32_t r = next_random(&state);
    for (const char* w = words[(r & 15) & (r >> 8)]; *w && at < kSize; ++w) text[at++] = *w;
    if (r % 29 == 0 && at < kSize) text[at++] = (char)('0' + r / 29 % 10);
  }
  unsigned size = sizeof packed, back = sizeof again;
  if (BZ2_bzBuffToBuffCompress(packed, &size, text, kSize, 9, 0, 0) != BZ_OK) return 1;
  if (BZ2_bzBuffToBuffDecompress(again, &back, packed, size, 0, 0) != BZ_OK) return 2;
  return memcmp(text, again, kSize) ? 3 : (uint64_t)size << 20 | back;
}
