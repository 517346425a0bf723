/* Table look-ups in a dependent chain: CRC-32. */
#include "bench.h"
static uint32_t table[256];
static uint8_t data[1 << 18];
uint64_t kernel(void) {
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  uint32_t state = 1;
  for (size_t i = 0; i < sizeof data; ++i) data[i] = (uint8_t)next_random(&state);
  uint32_t crc = ~0u;
  for (int round = 0; round < 8; ++round)
    for (size_t i = 0; i < sizeof data; ++i) crc = table[(crc ^ data[i]) & 255] ^ (crc >> 8);
  return crc;
}
