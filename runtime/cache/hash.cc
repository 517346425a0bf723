// The one file that includes the hash library; it is header-only, which spares each start a
// library.
#include "runtime/cache/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace skiff {

uint64_t hash64(ByteSpan bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Hash128 hash128(std::initializer_list<ByteSpan> parts) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  for (const ByteSpan part : parts) {
    const uint64_t size = part.size();
    XXH3_128bits_update(&state, &size, sizeof size);
    XXH3_128bits_update(&state, part.data(), part.size());
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  return {hash.low64, hash.high64};
}

}  // namespace skiff
