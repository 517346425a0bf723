// Random bytes as a capability. SystemRandom is the kernel's generator (fit for keys); SeededRandom makes
// runs reproducible and is fit for nothing else.
#pragma once

#include <cstdint>
#include <span>

#include "wasi/os/errno.h"

namespace skiff::wasi {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual Io<void> fill(std::span<uint8_t> bytes) = 0;
};

class SystemRandom final : public RandomSource {
 public:
  Io<void> fill(std::span<uint8_t> bytes) override;
};

class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  Io<void> fill(std::span<uint8_t> bytes) override;

 private:
  uint64_t state_;
};

}  // namespace skiff::wasi
