// A module that decodes must encode to bytes that decode to an equal module; encoding those again must give
// the same bytes. Also without the name and branch hint sections, which are then made from their meaning.
#include "engine/base/check.h"
#include "engine/binary/decode.h"
#include "engine/binary/encode.h"
#include "engine/binary/equal.h"

namespace {

using namespace skiff;

void check_round_trip(const Module& module) {
  const std::vector<uint8_t> bytes = encode_module(module);
  const Result<Module> again = decode_module({bytes, nullptr}, Features::all());
  SKIFF_CHECK(again);
  SKIFF_CHECK(modules_equal(module, *again));
  SKIFF_CHECK(encode_module(*again) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Result<Module> module = decode_module({ByteSpan(data, size), nullptr}, Features::all());
  if (!module) return 0;
  check_round_trip(*module);
  module->customs.clear();
  check_round_trip(*module);
  return 0;
}
