// Decode and validation throughput of one module on one thread, the best of some rounds, as JSON; bench/validate.py
// runs it beside V8. usage: validate_bench FILE [ROUNDS]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "engine/binary/decode.h"
#include "engine/valid/valid.h"

int main(int argc, char** argv) {
  using namespace skiff;
  if (argc < 2) return std::fprintf(stderr, "usage: validate_bench FILE [ROUNDS]\n"), 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 20;
  double best = 1e300;
  size_t code = 0;
  for (int i = 0; i < rounds; ++i) {
    TypeRegistry registry;
    const auto start = std::chrono::steady_clock::now();
    Result<Module> module = decode_module({bytes, nullptr}, Features::all());
    if (!module) return std::fprintf(stderr, "%s\n", module.error().message().c_str()), 1;
    code = 0;
    for (const Function& f : module->functions) code += f.body.bytes.size();
    auto info = validate_module(std::move(*module), registry, {.threads = 1});
    if (!info) return std::fprintf(stderr, "%s\n", info.error().message().c_str()), 1;
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count());
  }
  std::printf("{\"ms\": %.3f, \"code_bytes\": %zu, \"mb_per_s\": %.1f}\n", best, code, static_cast<double>(code) / best / 1e3);
  return 0;
}
