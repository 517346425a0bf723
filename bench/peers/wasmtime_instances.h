// The instances of instances_bench on Wasmtime's C library, opened at run time; see wasmtime_instances.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace skiff::bench {

struct PeerCase {
  std::string name;
  std::function<void()> once;
};

/// Cases "small", "image", "into", "out" of these modules, with the pool; empty, with a note on stderr, when the library
/// cannot be opened or something in it fails. The modules' exports and imports are those of instances_bench.
std::vector<PeerCase> wasmtime_cases(const char* library, std::span<const uint8_t> small, std::span<const uint8_t> image);

}  // namespace skiff::bench
