// Any text must be parsed or rejected without crashing; what parses must print, flat and folded, and the
// printed text must parse to a module with the same binary form.
#include <string>

#include "engine/base/check.h"
#include "engine/binary/encode.h"
#include "engine/text/text.h"

using namespace skiff;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const Result<Module> module = parse_wat(source, Features::all());
  if (!module) {
    SKIFF_CHECK(module.error().offset <= size);
    return 0;
  }
  // A name or branch hint section given as bytes is not shown where names and hints say the same otherwise.
  for (const CustomSection& section : module->customs)
    if (section.name == "name" || section.name == "metadata.code.branch_hint") return 0;
  const std::vector<uint8_t> binary = encode_module(*module);
  for (bool fold : {false, true}) {
    const Result<std::string> printed = print_wat(*module, {.fold = fold});
    SKIFF_CHECK(printed.has_value());
    const Result<Module> again = parse_wat(*printed, Features::all());
    SKIFF_CHECK(again.has_value());
    SKIFF_CHECK(encode_module(*again) == binary);
  }
  return 0;
}
