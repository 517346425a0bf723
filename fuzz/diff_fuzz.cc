// Any bytes, as decisions of the generator: the module must behave the same in all pairs of configurations
// that this build has (run.h). SKIFF_FUZZ_PAIR=a,b in the environment chooses one pair.
#include <cstdio>
#include <cstdlib>

#include "engine/base/check.h"
#include "fuzz/gen.h"
#include "fuzz/run.h"

namespace {

using namespace skiff;

using Pairs = std::vector<std::pair<fuzz::Configuration, fuzz::Configuration>>;

Pairs chosen_pairs() {
  const char* wanted = std::getenv("SKIFF_FUZZ_PAIR");
  if (wanted == nullptr) return fuzz::default_pairs();
  const std::string_view text = wanted;
  const size_t comma = std::min(text.find(','), text.size());
  auto a = fuzz::parse_configuration(text.substr(0, comma));
  auto b = fuzz::parse_configuration(text.substr(std::min(comma + 1, text.size())));
  SKIFF_CHECK(a && b);
  return {{std::move(*a), std::move(*b)}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Pairs pairs = chosen_pairs();
  const ByteSpan entropy(data, size);
  const std::vector<uint8_t> binary = fuzz::generate_binary(entropy, fuzz::options_of(entropy));
  // One pair per input, which the input chooses: the fuzzer then mutates that, too.
  const auto& [left, right] = pairs[size == 0 ? 0 : data[size - 1] % pairs.size()];
  const std::string found = fuzz::difference(fuzz::run(binary, left), fuzz::run(binary, right));
  if (!found.empty()) {
    std::fprintf(stderr, "%s <> %s: %s\n", left.name.c_str(), right.name.c_str(), found.c_str());
    std::abort();
  }
  return 0;
}
