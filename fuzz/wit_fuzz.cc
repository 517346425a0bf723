// Any text must be resolved or refused without crashing; what resolves must print, and the printed
// text must resolve and print the same. Its component binary must decode to WIT with the same
// binary form. Inputs that begin with the magic number of wasm are decoded instead.
#include <string>

#include "component/wit/decode.h"
#include "component/wit/json.h"
#include "component/wit/print.h"
#include "engine/base/check.h"

using namespace skiff;
namespace wit = skiff::component::wit;

namespace {

wit::Options options() {
  wit::Options all;
  all.features = Features::all();
  all.all_unstable = true;
  return all;
}

void check_text(const wit::Resolved& r) {
  wit::to_json(r.resolve);
  const std::string text = wit::print_package(r.resolve, r.main, {.dependencies = true});
  const Result<wit::Resolved> again = wit::parse_wit("printed", text, options());
  SKIFF_CHECK(again.has_value());
  SKIFF_CHECK(wit::print_package(again->resolve, again->main, {.dependencies = true}) == text);
}

void check_binary(const wit::Resolved& r) {
  const std::vector<uint8_t> binary = wit::encode_package(r.resolve, r.main);
  const Result<wit::Resolved> again = wit::decode_package(SharedBytes::own(binary));
  if (r.resolve[r.main].interfaces.empty() && r.resolve[r.main].worlds.empty()) return;
  SKIFF_CHECK(again.has_value());
  SKIFF_CHECK(wit::encode_package(again->resolve, again->main) == binary);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (has_wasm_magic({data, size})) {
    const Result<wit::Resolved> r = wit::decode_package(SharedBytes::own({data, data + size}));
    if (r) {
      wit::to_json(r->resolve);
      wit::print_package(r->resolve, r->main, {.dependencies = true});
      wit::encode_package(r->resolve, r->main);
    }
    return 0;
  }
  const Result<wit::Resolved> r =
      wit::parse_wit("t", {reinterpret_cast<const char*>(data), size}, options());
  if (!r) return 0;
  check_text(*r);
  check_binary(*r);
  return 0;
}
