// Any bytes, as decisions of the generator: the module must encode, decode, validate, print, parse and run in
// the interpreter without crashing. Nothing is compared but the text format's round trip (diff_fuzz.cc compares).
#include <cstdio>
#include <cstdlib>

#include "engine/base/check.h"
#include "engine/binary/decode.h"
#include "engine/binary/encode.h"
#include "engine/binary/equal.h"
#include "engine/text/text.h"
#include "fuzz/gen.h"
#include "fuzz/run.h"

namespace {

using namespace skiff;

[[noreturn]] void give_up(const char* what, const Error& error) {
  std::fprintf(stderr, "%s: %s (function %u, offset 0x%llx)\n", what, error.message().c_str(), error.func,
               static_cast<unsigned long long>(error.offset));
  std::abort();
}

// Checks the module that encodes to `binary`.
void check_valid(ByteSpan binary, Features features) {
  TypeRegistry registry;
  Result<Module> module = decode_module({binary, nullptr}, features);
  if (!module) give_up("a generated module is malformed", module.error());
  SKIFF_CHECK(encode_module(*module).size() == binary.size());
  const Result<std::unique_ptr<ModuleInfo>> info = validate_module(std::move(*module), registry, {1, true});
  if (!info) give_up("a generated module is invalid", info.error());
}

void check_text(ByteSpan binary, bool fold) {
  const Result<Module> module = decode_module({binary, nullptr}, Features::all());
  const Result<std::string> text = print_wat(*module, {.fold = fold});
  if (!text) give_up("a generated module cannot be printed", text.error());
  const Result<Module> again = parse_wat(*text, Features::all());
  if (!again) give_up("the text of a generated module is malformed", again.error());
  if (modules_equal(*module, *again)) return;
  std::fprintf(stderr, "%s\nis another module\n", text->c_str());
  std::abort();
}

// A feature set that the generator must keep to.
Features features_of(uint8_t choice) {
  Features features = Features::all();
  const char* sets[] = {"all", "all,-gc", "all,-gc,-function-references", "all,-simd,-relaxed-simd",
                        "all,-exceptions,-legacy-exceptions,-gc", "all,-multi-value", "all,-bulk-memory",
                        "none"};
  SKIFF_CHECK(features.apply(sets[choice / 8 % std::size(sets)]));
  return features;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan entropy(data, size);
  const uint8_t choice = size == 0 ? uint8_t{0} : data[size - 1];
  fuzz::GenOptions options = fuzz::options_of(entropy);
  options.canonical_nans = choice % 2 == 0;
  if (choice >= 0xC0) options.features = features_of(choice);
  const std::vector<uint8_t> binary = fuzz::generate_binary(entropy, options);
  check_valid(binary, options.features);
  if (choice % 4 == 0) check_text(binary, choice % 8 == 0);
  static const fuzz::Configuration interp = std::move(fuzz::parse_configuration("interp").value());
  const fuzz::Report report = fuzz::run(binary, interp);
  if (options.trap_free && report.traps != 0) {
    for (const std::string& line : report.lines) std::fprintf(stderr, "%s\n", line.c_str());
    SKIFF_CHECK(!"trap-free code trapped");
  }
  return 0;
}
