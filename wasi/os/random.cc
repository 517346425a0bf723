// getrandom, and splitmix64 for the reproducible source.
#include "wasi/os/random.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace skiff::wasi {

Io<void> SystemRandom::fill(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::getrandom(bytes.data(), bytes.size(), 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      return io_fail_host();
    }
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return {};
}

Io<void> SeededRandom::fill(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    const size_t n = std::min(bytes.size(), sizeof z);
    std::memcpy(bytes.data(), &z, n);
    bytes = bytes.subspan(n);
  }
  return {};
}

}  // namespace skiff::wasi
